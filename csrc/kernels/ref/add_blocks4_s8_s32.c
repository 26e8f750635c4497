#include "spkl_kernels.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3), and a
 * row has a target once. */
void spkl_add_blocks4_s8_s32(int32_t *acc, const int8_t *weights,
                             const uint8_t *gaps, size_t n, int32_t times)
{
    for (; n > 0; n--) {
        acc += 4 * (size_t)*gaps++;
        for (size_t i = 0; i < 4; i++) {
            *acc++ += times * *weights++;
        }
    }
}
