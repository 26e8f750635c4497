/* Dense projections: a row of weights for each source neuron. */
#include "net.h"

void spkl_add_dense(const struct spkl_net *net, const struct spkl_projection *p,
                    uint32_t n)
{
    const struct spkl_source *source = p->source;
    const uint16_t *neurons = source->neurons;

    if (source->values != NULL && source->n[1] != 1) {
        spkl_add_graded_u8_s32(net->in, p->weights, p->stride, neurons,
                               source->values, n);
        return;
    }
    while (n > 0) {
        uint32_t some = n < SPKL_ROWS_MAX ? n : SPKL_ROWS_MAX;

        spkl_list_rows(net->rows, neurons, some, p->weights, p->stride);
        spkl_add_rows_u8_s32(net->in, net->rows, some, p->stride);
        neurons += some;
        n -= some;
    }
}
