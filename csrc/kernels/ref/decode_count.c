#include "spkl_kernels.h"

void spkl_decode_count(const struct spkl_decoding *d)
{
    for (size_t k = 0; k < d->n_fired; k++) {
        int32_t *score = &d->scores[d->fired[k]];
        int32_t value = d->values != NULL ? d->values[k] : 1;

        *score = *score > INT32_MAX - value ? INT32_MAX : *score + value;
    }
}
