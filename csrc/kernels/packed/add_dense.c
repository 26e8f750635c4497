/* Dense projections: a row of weights for each source neuron. */
#include "net.h"

/* An event of a value up to this is as many rows. */
enum { OFTEN = 4 };

/* Events with values. The list has room for as many rows as events. */
static void add_values(const struct spkl_net *net,
                       const struct spkl_projection *q, uint32_t n)
{
    const struct spkl_source *source = q->source;
    uint32_t room = n < SPKL_ROWS_MAX ? n : SPKL_ROWS_MAX;
    uint32_t listed = 0;

    for (uint32_t k = 0; k < n; k++) {
        int32_t value = source->values[k];
        uint32_t times = (uint32_t)value;

        if (value < 1 || value > OFTEN || times > room) {
            spkl_add_graded_u8_s32(net->in, q->weights, q->stride,
                                   source->neurons + k, source->values + k, 1);
            continue;
        }
        if (times > room - listed) {
            spkl_add_rows_u8_s32(net->in, net->rows, listed, q->stride);
            listed = 0;
        }
        for (; times > 0; times--) {
            net->rows[listed++] =
                q->weights + (size_t)source->neurons[k] * q->stride;
        }
    }
    spkl_add_rows_u8_s32(net->in, net->rows, listed, q->stride);
}

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
        add_values(net, q, n);
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
