#include "spkl_kernels.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3). */
void spkl_add_row_times_s8_s32(int32_t *acc, const int8_t *row, size_t n,
                               int32_t times)
{
    for (size_t i = 0; i < n; i++) {
        acc[i] += times * row[i];
    }
}
