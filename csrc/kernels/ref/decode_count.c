#include "spkl_kernels.h"

void spkl_decode_count(int32_t *scores, const struct spkl_lif *p,
                       size_t n_fired, uint32_t sample_tick)
{
    (void)sample_tick;
    for (size_t k = 0; k < n_fired; k++) {
        int32_t *score = &scores[p->fired[k]];
        int32_t value = p->values != NULL ? p->values[k] : 1;

        if (value < 0 ? *score < INT32_MIN - value
                      : *score > INT32_MAX - value) {
            value = 0;
            *score = *score < 0 ? INT32_MIN : INT32_MAX;
        }
        *score += value;
    }
}
