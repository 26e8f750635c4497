/* Four pairs a pass. */
#include "spkl_kernels.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3). */
void spkl_add_pairs_s8_s32(int32_t *acc, const struct spkl_pair *pairs,
                           size_t n, int32_t times)
{
    const struct spkl_pair *end = pairs + n % 4;

    for (; pairs != end; pairs++) {
        acc += pairs->gap;
        *acc += times * pairs->weight;
    }
    for (end += n - n % 4; pairs != end; pairs += 4) {
        acc += pairs[0].gap;
        *acc += times * pairs[0].weight;
        acc += pairs[1].gap;
        *acc += times * pairs[1].weight;
        acc += pairs[2].gap;
        *acc += times * pairs[2].weight;
        acc += pairs[3].gap;
        *acc += times * pairs[3].weight;
    }
}
