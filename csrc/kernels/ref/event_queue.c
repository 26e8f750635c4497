/* Input ports without an encoder: a queue of events, one at a time. */
#include "event_port.h"

/* The place in the queue of an index, which moves on. */
static struct spkl_event *next(const struct spkl_input *in, uint32_t *index)
{
    uint32_t capacity = in->record->capacity;
    uint32_t at = (*index)++;

    if (*index == 2 * capacity) {
        *index = 0;
    }
    if (at >= capacity) {
        at -= capacity;
    }
    return (struct spkl_event *)in->held + at;
}

/* The first bad event gives the code; what lies behind the queue is nobody's.
 */
static int push(const struct spkl_net *net, const struct spkl_input *in,
                const struct spkl_event *from, size_t n)
{
    const struct spkl_input_record *record = in->record;
    struct spkl_queue *queue = in->queue;
    uint32_t capacity = record->capacity;
    uint32_t write = queue->write;
    uint32_t used = write - queue->read;
    uint32_t now = net->clock->tick;
    uint32_t tick = now;
    uint32_t left = record->max_sum;

    if ((int32_t)used < 0) {
        used += 2 * capacity;
    }
    if (n > capacity - used) {
        return SPKL_ERR_FULL;
    }
    if (used > 0) {
        tick = queue->last_tick;
        left -= queue->last_sum;
    }
    for (; n > 0; n--, from++) {
        int32_t value = from->value < 0 ? -from->value : from->value;

        if ((int32_t)(from->tick - now) < (int32_t)(tick - now)) {
            return SPKL_ERR_TICK;
        }
        if (from->tick != tick) {
            tick = from->tick;
            left = record->max_sum;
        }
        left -= (uint32_t)value;
        if (from->neuron >= record->size) {
            return SPKL_ERR_NEURON;
        }
        if ((uint32_t)value - 1u >= record->max_value || (int32_t)left < 0) {
            return SPKL_ERR_VALUE;
        }
        *next(in, &write) = *from;
    }
    queue->last_tick = tick;
    queue->last_sum = record->max_sum - left;
    SPKL_BARRIER();
    queue->write = write;
    return SPKL_OK;
}

int spkl_push(struct spkl_net *net, unsigned port,
              const struct spkl_event *events, size_t n)
{
    const struct spkl_input *in;
    int error = spkl_find_event_port(net, port, events, n, &in);

    return error != SPKL_OK ? error : push(net, in, events, n);
}

/* Take the events of one tick: of this one, or of one that an interrupt pushed
 * too late. Never of two: a port's bound is for one. */
uint32_t spkl_update_events(const struct spkl_net *net,
                            const struct spkl_input *in, uint32_t now)
{
    struct spkl_queue *queue = in->queue;
    uint32_t read = queue->read;
    uint32_t write = queue->write;
    uint32_t tick = now;
    uint32_t n = 0;
    int all = 0;

    (void)net;
    SPKL_BARRIER();
    while (read != write) {
        uint32_t after = read;
        const struct spkl_event *event = next(in, &after);

        if ((int32_t)(event->tick - tick) > 0) {
            break;
        }
        tick = event->tick;
        in->source.neurons[n] = event->neuron;
        in->source.values[n] = event->value;
        all |= event->value;
        n++;
        read = after;
    }
    SPKL_BARRIER();
    queue->read = read;
    queue->kind = all == 1;
    return n;
}
