/* Four bytes a pass. */
#include "spkl_kernels.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3). */
void spkl_add_row_times_s8_s32(int32_t *acc, const int8_t *row, size_t n,
                               int32_t times)
{
    for (; n >= 4; n -= 4, acc += 4, row += 4) {
        acc[0] += times * row[0];
        acc[1] += times * row[1];
        acc[2] += times * row[2];
        acc[3] += times * row[3];
    }
    for (; n > 0; n--) {
        *acc++ += times * *row++;
    }
}
