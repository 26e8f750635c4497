#include "net.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3). */
uint32_t spkl_add_dense(const struct spkl_net *net,
                        const struct spkl_population *p,
                        const struct spkl_projection *q)
{
    const struct spkl_source *source = q->source;
    uint32_t n = *source->n;

    spkl_count_up(&p->head->stats.synops, n * p->lif.n);
    while (n > 0) {
        const uint8_t *weight = q->weights;
        int32_t *in = net->in;
        int32_t times = 1;

        n--;
        weight += (size_t)source->neurons[n] * q->stride;
        if (source->values != NULL) {
            times = source->values[n];
        }
        for (uint32_t i = q->stride; i > 0; i--) {
            *in++ += times * (*weight++ - SPKL_IMAGE_ZERO_WEIGHT);
        }
    }
    return *source->n;
}
