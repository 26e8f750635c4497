/* Output ports: queues, scores. */
#include "net.h"

static void keep_events(const struct spkl_sink *out, uint32_t tick)
{
    const struct spkl_lif *lif = &out->population->lif;
    uint32_t n = out->population->head->n_events;

    for (uint32_t i = 0; i < n; i++) {
        struct spkl_event *event = out->events + (*out->n_events)++;

        event->tick = tick;
        event->neuron = lif->fired[i];
        event->value = lif->values != NULL ? lif->values[i] : 1;
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
            out->decode(out->scores, &p->lif, p->head->n_events,
                        net->clock->sample_tick);
        }
    } while (++out != spkl_end_of_outputs(net));
}

/* The index of the largest of n scores, the lowest of equals. */
static uint32_t largest(const int32_t *scores, uint32_t n)
{
    uint32_t best = --n;

    while (n > 0) {
        if (scores[--n] >= scores[best]) {
            best = n;
        }
    }
    return best;
}

int spkl_output(const struct spkl_net *net, unsigned port,
                struct spkl_output *output)
{
    const struct spkl_sink *out;

    if (port >= spkl_count(net->model, SPKL_SECTION_OUTPUTS)) {
        return SPKL_ERR_ARGUMENT;
    }
    out = &net->outputs[port];
    output->events = out->events;
    output->n_events = *out->n_events;
    output->size = out->population->lif.n;
    output->scores = out->decode != NULL ? out->scores : NULL;
    output->prediction = largest(out->scores, out->population->lif.n);
    output->ticks = net->clock->sample_tick;
    return SPKL_OK;
}

int spkl_output_take(struct spkl_net *net, unsigned port, size_t n)
{
    struct spkl_event *events;
    uint32_t *n_events;

    if (port >= spkl_count(net->model, SPKL_SECTION_OUTPUTS) ||
        n > *net->outputs[port].n_events) {
        return SPKL_ERR_ARGUMENT;
    }
    events = net->outputs[port].events;
    n_events = net->outputs[port].n_events;
    *n_events -= (uint32_t)n;
    for (uint32_t i = 0; i < *n_events; i++) {
        events[i] = events[i + n];
    }
    return SPKL_OK;
}
