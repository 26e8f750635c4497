#include "spkl_kernels.h"

void spkl_decode_first(const struct spkl_decoding *d)
{
    uint32_t late = (uint32_t)INT32_MAX - 1;
    uint32_t tick = d->sample_tick < late ? d->sample_tick : late;

    for (size_t k = 0; k < d->n_fired; k++) {
        int32_t *score = &d->scores[d->fired[k]];

        if (*score == 0) {
            *score = INT32_MAX - (int32_t)tick;
        }
    }
}
