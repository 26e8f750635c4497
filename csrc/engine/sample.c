/* The beginning of a sample, and of everything: semantics 2.1 and 2.4. */
#include "net.h"

/* Arrays of words, or those of the state. */
SPKL_NOINLINE static void clear(void *from, const void *end)
{
    for (struct spkl_word *at = from; at != end; at++) {
        at->word = 0;
    }
}

static void begin(const struct spkl_net *net, uint32_t initial)
{
    const struct spkl_sink *out = net->outputs;
    const struct spkl_input *in = net->inputs;
    const struct spkl_population *p = net->populations;

    do {
        bool largest = out->record->decoder == SPKL_DECODER_LARGEST;
        uint32_t n = out->population->lif.n;

        while (n > 0) {
            out->scores[--n] = largest ? INT32_MIN : 0;
        }
    } while (++out != spkl_end_of_outputs(net));
    do {
        in->queue->kind = 0;
    } while (++in != spkl_end_of_inputs(net));
    if (initial == 0) {
        return;
    }
    do {
        int32_t *v = p->lif.v;
        const int32_t *v_init = p->lif.v_init.at;

        /* From u to v, number of events, quiescent; and late sums. */
        clear(p->lif.u, &p->head->stats);
        clear(p->late, p->late_end);
        for (uint32_t left = p->lif.n; left > 0; left--) {
            *v++ = *v_init;
            v_init += p->lif.v_init.step;
        }
    } while (++p != spkl_end_of_populations(net));
}

void spkl_begin_sample(const struct spkl_net *net)
{
    net->clock->sample_tick = 0;
    net->clock->samples++;
    begin(net, net->model->reset_between);
}

void spkl_reset(struct spkl_net *net)
{
    uint8_t *state = (uint8_t *)net->clock;

    clear(state, state + net->model->state_size);
    clear(net->in, net->rows);
    begin(net, 1);
}
