#include "spkl_kernels.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3). */
void spkl_add_pairs_s8_s32(int32_t *acc, const struct spkl_pair *pairs,
                           size_t n, int32_t times)
{
    for (; n > 0; n--, pairs++) {
        acc += pairs->gap;
        *acc += times * pairs->weight;
    }
}
