#include "spkl_kernels.h"

void spkl_decode_first(int32_t *scores, const struct spkl_lif *p,
                       size_t n_fired, uint32_t sample_tick)
{
    uint32_t late = (uint32_t)INT32_MAX - 1;
    uint32_t tick = sample_tick < late ? sample_tick : late;

    for (size_t k = 0; k < n_fired; k++) {
        int32_t *score = &scores[p->fired[k]];

        if (*score == 0) {
            *score = INT32_MAX - (int32_t)tick;
        }
    }
}
