#include "spkl_kernels.h"

void spkl_decode_count(int32_t *scores, const struct spkl_lif *p,
                       size_t n_fired, uint32_t sample_tick)
{
    (void)sample_tick;
    for (size_t k = 0; k < n_fired; k++) {
        int32_t *score = &scores[p->fired[k]];
        uint32_t value = p->values != NULL ? (uint32_t)p->values[k] : 1;
        uint32_t before = (uint32_t)*score;
        uint32_t sum = before + value;

        /* The sum's sign is not that of both. */
        if (((sum ^ before) & (sum ^ value)) >> 31) {
            sum = INT32_MAX + (before >> 31);
        }
        *score = (int32_t)sum;
    }
}
