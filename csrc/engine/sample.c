/* The beginning of a sample, and of everything: semantics 2.1 and 2.4. */
#include "net.h"
#include "spkl_lif_flags.h"

static void clear_scores(const struct spkl_net *net)
{
    for (unsigned i = 0; i < net->model->n_outputs; i++) {
        const struct spkl_sink *out = &net->outputs[i];
        bool largest = out->record->decoder == SPKL_DECODER_LARGEST;

        for (uint32_t k = 0; out->decode != NULL && k < out->population->lif.n;
             k++) {
            out->scores[k] = largest ? INT32_MIN : 0;
        }
    }
}

static void clear_population(const struct spkl_population *p)
{
    const struct spkl_lif *lif = &p->lif;

    for (uint32_t i = 0; i < lif->n; i++) {
        lif->v[i] = lif->v_init.at[i * lif->v_init.step];
        if ((lif->flags & SPKL_LIF_HAS_U) != 0) {
            lif->u[i] = 0;
        }
        if ((lif->flags & SPKL_LIF_HAS_A) != 0) {
            lif->a[i] = 0;
        }
        if ((lif->flags & SPKL_LIF_HAS_REFRACTORY) != 0) {
            lif->r[i] = 0;
        }
    }
    *p->quiescent = 0;
}

void spkl_begin_sample_if_due(const struct spkl_net *net)
{
    const struct spkl_model *model = net->model;

    if (model->ticks_per_sample == 0 ||
        net->clock->sample_tick < model->ticks_per_sample) {
        return;
    }
    net->clock->sample_tick = 0;
    net->clock->samples++;
    clear_scores(net);
    for (unsigned i = 0; i < model->n_inputs; i++) {
        if (net->inputs[i].encode != NULL) {
            *net->inputs[i].has_frame = 0;
        }
    }
    if (model->reset_between) {
        for (unsigned i = 0; i < model->n_populations; i++) {
            clear_population(&net->populations[i]);
        }
    }
}

void spkl_reset(struct spkl_net *net)
{
    uint8_t *state = (uint8_t *)net->clock;

    for (uint32_t i = 0; i < net->model->state_size; i++) {
        state[i] = 0;
    }
    clear_scores(net);
    for (unsigned i = 0; i < net->model->n_populations; i++) {
        clear_population(&net->populations[i]);
    }
}
