/* Dense projections: a row of weights for each source neuron. */
#include "net.h"

uint32_t spkl_add_dense(const struct spkl_net *net,
                        const struct spkl_population *p,
                        const struct spkl_projection *q)
{
    const struct spkl_source *source = q->source;
    const uint16_t *neurons = source->neurons;
    uint32_t n = *source->n;

    if (n == 0) {
        return 0;
    }
    spkl_count_up(&p->head->stats.synops, n * p->lif.n);
    if (source->values != NULL && source->n[1] != 1) {
        spkl_add_graded_u8_s32(net->in, q->weights, q->stride, neurons,
                               source->values, n);
        return n;
    }
    for (uint32_t left = n; left > 0;) {
        uint32_t some = left < SPKL_ROWS_MAX ? left : SPKL_ROWS_MAX;

        spkl_list_rows(net->rows, neurons, some, q->weights, q->stride);
        spkl_add_rows_u8_s32(net->in, net->rows, some, q->stride);
        neurons += some;
        left -= some;
    }
    return n;
}
