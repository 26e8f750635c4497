#include "net.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3). */
void spkl_add_dense(const struct spkl_net *net, const struct spkl_projection *p,
                    uint32_t n)
{
    const struct spkl_source *source = p->source;

    while (n > 0) {
        const uint8_t *weight = p->weights;
        int32_t times = 1;

        n--;
        weight += (size_t)source->neurons[n] * p->stride;
        if (source->values != NULL) {
            times = source->values[n];
        }
        for (uint32_t i = 0; i < p->stride; i++) {
            net->in[i] += times * (weight[i] - SPKL_IMAGE_ZERO_WEIGHT);
        }
    }
}
