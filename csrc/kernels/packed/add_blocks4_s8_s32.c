/* Four weights without a loop, and none multiplied where all are added once. */
#include "spkl_kernels.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3), and a
 * row has a target once. */
void spkl_add_blocks4_s8_s32(int32_t *acc, const int8_t *weights,
                             const uint8_t *gaps, size_t n, int32_t times)
{
    const uint8_t *end = gaps + n;

    if (times != 1) {
        for (; gaps != end; weights += 4, acc += 4) {
            acc += 4 * (size_t)*gaps++;
            acc[0] += times * weights[0];
            acc[1] += times * weights[1];
            acc[2] += times * weights[2];
            acc[3] += times * weights[3];
        }
        return;
    }
    for (; gaps != end; weights += 4, acc += 4) {
        acc += 4 * (size_t)*gaps++;
        acc[0] += weights[0];
        acc[1] += weights[1];
        acc[2] += weights[2];
        acc[3] += weights[3];
    }
}
