/* Spikes of the next tick go past the queue, into the port's list. */
#ifndef SPKL_PUSH_SPIKES_H
#define SPKL_PUSH_SPIKES_H

#include "event_port.h"

/* As spkl_copy_spikes; both lists have room for a multiple of four. */
typedef bool spkl_list_spikes_fn(const struct spkl_source *to,
                                 const uint16_t *from, size_t n, uint32_t size);

/* spkl_push_spikes with a function that becomes part of the caller. */
static inline int spkl_stage_spikes(struct spkl_net *net, unsigned port,
                                    const uint16_t *neurons, size_t n,
                                    spkl_list_spikes_fn *list)
{
    const struct spkl_input *in;
    struct spkl_queue *queue;
    int error = spkl_find_event_port(net, port, neurons, n, &in);

    if (error != SPKL_OK) {
        return error;
    }
    spkl_begin_sample_if_due(net);
    queue = in->queue;
    if (queue->read != queue->write || spkl_staged(queue) != 0 ||
        n > in->record->capacity) {
        return SPKL_ERR_FULL;
    }
    if (n > in->record->max_sum) {
        return SPKL_ERR_VALUE;
    }
    if (!list(&in->source, neurons, n, in->record->size)) {
        return SPKL_ERR_NEURON;
    }
    queue->last_tick = net->clock->tick;
    queue->last_sum = (uint32_t)n;
    SPKL_BARRIER();
    queue->kind = SPKL_QUEUE_STAGED * (uint32_t)n;
    return SPKL_OK;
}

#endif
