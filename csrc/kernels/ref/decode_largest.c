#include "spkl_kernels.h"

void spkl_decode_largest(const struct spkl_decoding *d)
{
    for (size_t i = 0; i < d->n; i++) {
        d->scores[i] = d->v[i] > d->scores[i] ? d->v[i] : d->scores[i];
    }
}
