/* Output ports: queues, scores. */
#include "net.h"

bool spkl_output_has_room(const struct spkl_sink *out)
{
    return out->record->kind != SPKL_OUTPUT_EVENTS ||
           out->record->capacity - *out->n_events >= out->population->lif.n;
}

static void keep_events(const struct spkl_sink *out, uint32_t tick)
{
    const struct spkl_source *source = &out->population->source;
    struct spkl_event *event = out->events + *out->n_events;
    uint32_t n = *source->n;

    for (uint32_t i = 0; i < n; i++, event++) {
        event->tick = tick;
        event->neuron = source->neurons[i];
        event->value = source->ones ? 1 : source->values[i];
    }
    *out->n_events += n;
}

void spkl_output_update(const struct spkl_net *net, const struct spkl_sink *out)
{
    const struct spkl_population *p = out->population;

    if (out->record->kind == SPKL_OUTPUT_EVENTS) {
        keep_events(out, net->clock->tick);
    }
    if (out->decode != NULL) {
        const struct spkl_decoding decoding = {
            .scores = out->scores,
            .v = p->lif.v,
            .fired = p->source.neurons,
            .values = p->source.values,
            .n = p->lif.n,
            .n_fired = *p->source.n,
            .sample_tick = net->clock->sample_tick,
        };

        out->decode(&decoding);
    }
}

static uint32_t largest(const int32_t *scores, size_t n)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i < n; i++) {
        if (scores[i] > scores[best]) {
            best = i;
        }
    }
    return best;
}

int spkl_output(const struct spkl_net *net, unsigned port,
                struct spkl_output *output)
{
    const struct spkl_sink *out;
    bool has_scores;

    if (port >= net->model->n_outputs) {
        return SPKL_ERR_ARGUMENT;
    }
    out = &net->outputs[port];
    has_scores = out->decode != NULL;
    output->events = out->events;
    output->n_events = *out->n_events;
    output->scores = has_scores ? out->scores : NULL;
    output->size = out->population->lif.n;
    output->prediction = has_scores ? largest(out->scores, output->size) : 0;
    output->ticks = net->clock->sample_tick;
    return SPKL_OK;
}

int spkl_output_take(struct spkl_net *net, unsigned port, size_t n)
{
    const struct spkl_sink *out;
    uint32_t left;

    if (port >= net->model->n_outputs || n > *net->outputs[port].n_events) {
        return SPKL_ERR_ARGUMENT;
    }
    out = &net->outputs[port];
    left = *out->n_events - (uint32_t)n;
    for (uint32_t i = 0; i < left && n > 0; i++) {
        out->events[i] = out->events[i + n];
    }
    *out->n_events = left;
    return SPKL_OK;
}
