/* Four weights without a loop. */
#include "spkl_kernels.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3), and a
 * row has a target once. */
size_t spkl_add_blocks4_s8_s32(int32_t *acc, const struct spkl_blocks4 *rows,
                               const uint16_t *neurons, size_t n)
{
    const uint16_t *last = neurons + n;
    size_t blocks = 0;

    while (neurons != last) {
        const uint32_t *start = rows->start + *neurons++;
        const int8_t *weights = rows->weights + 4 * (size_t)start[0];
        const uint8_t *gaps = rows->gaps + start[0];
        const uint8_t *end = rows->gaps + start[1];
        int32_t *at = acc;

        blocks += (size_t)(end - gaps);
        for (; gaps != end; weights += 4, at += 4) {
            at += 4 * (size_t)*gaps++;
            at[0] += weights[0];
            at[1] += weights[1];
            at[2] += weights[2];
            at[3] += weights[3];
        }
    }
    return blocks;
}
