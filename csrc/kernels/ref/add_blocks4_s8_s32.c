#include "spkl_kernels.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3), and a
 * row has a target once. */
size_t spkl_add_blocks4_s8_s32(int32_t *acc, const struct spkl_blocks4 *rows,
                               const uint16_t *neurons, size_t n)
{
    size_t blocks = 0;

    for (; n > 0; n--, neurons++) {
        size_t k = rows->start[*neurons];
        size_t end = rows->start[*neurons + 1];
        int32_t *at = acc;

        for (blocks += end - k; k < end; k++) {
            at += 4 * (size_t)rows->gaps[k];
            for (size_t i = 0; i < 4; i++) {
                *at++ += rows->weights[4 * k + i];
            }
        }
    }
    return blocks;
}
