#include "spkl_kernels.h"

void spkl_decode_count(int32_t *scores, const struct spkl_lif *p,
                       size_t n_fired, uint32_t sample_tick)
{
    (void)sample_tick;
    for (size_t k = 0; k < n_fired; k++) {
        int32_t *score = &scores[p->fired[k]];
        uint32_t sum = (uint32_t)*score + 1;

        if (p->values != NULL) {
            sum += (uint32_t)p->values[k] - 1;
        }
        *score = sum > INT32_MAX ? INT32_MAX : (int32_t)sum;
    }
}
