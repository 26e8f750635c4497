/* As events, one at a time. */
#include "event_port.h"

int spkl_push_spikes(struct spkl_net *net, unsigned port,
                     const uint16_t *neurons, size_t n)
{
    const struct spkl_input *in;
    int error = spkl_find_event_port(net, port, neurons, n, &in);

    if (error != SPKL_OK) {
        return error;
    }
    spkl_begin_sample_if_due(net);
    if (in->queue->read != in->queue->write || n > in->record->capacity) {
        return SPKL_ERR_FULL;
    }
    if (n > in->record->max_sum) {
        return SPKL_ERR_VALUE;
    }
    for (size_t i = 0; i < n; i++) {
        if (neurons[i] >= in->record->size) {
            return SPKL_ERR_NEURON;
        }
    }
    for (; n > 0; n--, neurons++) {
        const struct spkl_event event = {net->clock->tick, *neurons, 1};

        error = spkl_push(net, port, &event, 1);
    }
    return error;
}
