/* Input ports without an encoder: a queue of events, in pieces that lie
 * together. */
#include "event_port.h"

static uint32_t used_of(const struct spkl_queue *queue, uint32_t capacity)
{
    uint32_t used = queue->write - queue->read;

    return (int32_t)used < 0 ? used + 2 * capacity : used;
}

/* What a push has seen: the last event's tick, and how much its tick may still
 * bring. */
struct pushing {
    uint32_t now;
    uint32_t tick;
    uint32_t left;
};

/* Copy n events to where the engine does not look yet; the first bad one gives
 * the code. */
static int copy_in(const struct spkl_input_record *record,
                   struct pushing *pushing, struct spkl_event *to,
                   const struct spkl_event *from, size_t n)
{
    const struct spkl_event *end = from + n;
    uint32_t size = record->size;
    uint32_t tick = pushing->tick;
    uint32_t left = pushing->left;

    for (; from != end; from++, to++) {
        int32_t value = from->value;

        if (from->tick != tick) {
            if ((int32_t)(from->tick - pushing->now) <
                (int32_t)(tick - pushing->now)) {
                return SPKL_ERR_TICK;
            }
            tick = from->tick;
            left = record->max_sum;
        }
        if (from->neuron >= size) {
            return SPKL_ERR_NEURON;
        }
        if (value != 1) {
            value = value < 0 ? -value : value;
            if (value == 0 || value > record->max_value) {
                return SPKL_ERR_VALUE;
            }
        }
        left -= (uint32_t)value;
        if ((int32_t)left < 0) {
            return SPKL_ERR_VALUE;
        }
        *to = *from;
    }
    pushing->tick = tick;
    pushing->left = left;
    return SPKL_OK;
}

/* spkl_push, of a port that takes events. */
static int push(const struct spkl_net *net, const struct spkl_input *in,
                const struct spkl_event *from, size_t n)
{
    const struct spkl_event *last = from + n;
    const struct spkl_input_record *record = in->record;
    struct spkl_queue *queue = in->queue;
    struct spkl_event *to = spkl_queue_place(in, queue->write);
    uint32_t capacity = record->capacity;
    uint32_t used = used_of(queue, capacity);
    uint32_t write = queue->write + (uint32_t)n;
    struct pushing pushing = {net->clock->tick, net->clock->tick,
                              record->max_sum};

    if (n > capacity - used) {
        return SPKL_ERR_FULL;
    }
    if (used > 0) {
        pushing.tick = queue->last_tick;
        pushing.left -= queue->last_sum;
    }
    while (from != last) {
        size_t room = (size_t)((const struct spkl_event *)in->end - to);
        size_t some = (size_t)(last - from);
        int error;

        some = some < room ? some : room;
        error = copy_in(record, &pushing, to, from, some);
        if (error != SPKL_OK) {
            return error;
        }
        from += some;
        to = in->held;
    }
    queue->last_tick = pushing.tick;
    queue->last_sum = record->max_sum - pushing.left;
    SPKL_BARRIER();
    queue->write = write < 2 * capacity ? write : write - 2 * capacity;
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
    uint32_t capacity = in->record->capacity;
    uint32_t there = used_of(queue, capacity);
    uint32_t read = queue->read;
    const struct spkl_event *event = spkl_queue_place(in, read);
    uint16_t *neurons = in->source.neurons;
    int16_t *values = in->source.values;
    uint32_t tick;
    uint32_t n;
    int all = 0;

    (void)net;
    SPKL_BARRIER();
    tick = event->tick;
    if ((int32_t)(tick - now) > 0) {
        there = 0;
    }
    while (there > 0) {
        uint32_t room = (uint32_t)((const struct spkl_event *)in->end - event);
        const struct spkl_event *end = event + (there < room ? there : room);

        there -= (uint32_t)(end - event);
        for (; event != end && event->tick == tick; event++) {
            *neurons++ = event->neuron;
            *values++ = event->value;
            all |= event->value;
        }
        if (event != end) {
            break;
        }
        event = in->held;
    }
    SPKL_BARRIER();
    n = (uint32_t)(neurons - in->source.neurons);
    read += n;
    queue->read = read < 2 * capacity ? read : read - 2 * capacity;
    queue->kind = all == 1;
    return n;
}
