/* Output ports: queues, scores. */
#include "net.h"

static void keep_events(const struct spkl_sink *out, uint32_t tick)
{
    const struct spkl_source *source = &out->population->source;
    struct spkl_event *event = out->events + *out->n_events;
    uint32_t n = *source->n;

    *out->n_events += n;
    for (uint32_t i = 0; i < n; i++) {
        event->tick = tick;
        event->neuron = source->neurons[i];
        event->value = 1;
        if (source->values != NULL) {
            event->value = source->values[i];
        }
        event++;
    }
}

void spkl_output_update(const struct spkl_net *net, uint32_t tick)
{
    const struct spkl_sink *out = net->outputs;

    do {
        const struct spkl_population *p = out->population;

        if (out->record->kind == SPKL_OUTPUT_EVENTS) {
            keep_events(out, tick);
        }
        if (out->decode != NULL) {
            out->decode(out->scores, &p->lif, *p->source.n,
                        net->clock->sample_tick);
        }
    } while (++out != spkl_end_of_outputs(net));
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

    if (port >= net->model->n_outputs) {
        return SPKL_ERR_ARGUMENT;
    }
    out = &net->outputs[port];
    output->events = out->events;
    output->n_events = *out->n_events;
    output->size = out->population->lif.n;
    output->scores = NULL;
    output->prediction = 0;
    if (out->decode != NULL) {
        output->scores = out->scores;
        output->prediction = largest(out->scores, output->size);
    }
    output->ticks = net->clock->sample_tick;
    return SPKL_OK;
}

int spkl_output_take(struct spkl_net *net, unsigned port, size_t n)
{
    struct spkl_event *events;
    uint32_t *n_events;

    if (port >= net->model->n_outputs || n > *net->outputs[port].n_events) {
        return SPKL_ERR_ARGUMENT;
    }
    events = net->outputs[port].events;
    n_events = net->outputs[port].n_events;
    *n_events -= (uint32_t)n;
    for (uint32_t i = 0; i < *n_events && n > 0; i++) {
        events[i] = events[i + n];
    }
    return SPKL_OK;
}
