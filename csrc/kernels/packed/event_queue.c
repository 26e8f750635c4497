/* Input ports without an encoder: a queue of events, in pieces that lie
 * together. */
#include "event_port.h"

/* Events in the queue. */
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

/* Whether an event, as two words (its tick; neuron and value), is one of value
 * 1 and of a tick; one comparison proves value and neuron. */
static inline bool is_one(const struct spkl_word *at, uint32_t tick,
                          uint32_t size)
{
    return at[0].word == tick && at[1].word - (UINT32_C(1) << 16) < size;
}

/* Copy an event. */
static inline void copy(struct spkl_word *to, const struct spkl_word *from)
{
    uint32_t what = from[1].word;

    to[0].word = from[0].word;
    to[1].word = what;
}

/* Copy events of value 1 and of a tick, up to the first other one, n at most.
 * Returns their number. */
static size_t copy_ones(struct spkl_event *to, const struct spkl_event *from,
                        size_t n, uint32_t tick, uint32_t size)
{
    const struct spkl_word *first = (const void *)from;
    const struct spkl_word *at = first;
    const struct spkl_word *end = at + 2 * n;
    const struct spkl_word *last = at + 2 * (n & ~(size_t)3);
    struct spkl_word *out = (void *)to;

    for (; at != last; at += 8, out += 8) {
        if (!is_one(at, tick, size)) {
            break;
        }
        copy(out, at);
        if (!is_one(at + 2, tick, size)) {
            break;
        }
        copy(out + 2, at + 2);
        if (!is_one(at + 4, tick, size)) {
            break;
        }
        copy(out + 4, at + 4);
        if (!is_one(at + 6, tick, size)) {
            break;
        }
        copy(out + 6, at + 6);
    }
    for (; at != end && is_one(at, tick, size); at += 2, out += 2) {
        copy(out, at);
    }
    return (size_t)(at - first) / 2;
}

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

    while (from != end) {
        size_t most = (size_t)(end - from);
        int32_t value;

        most = copy_ones(to, from, most < left ? most : left, tick, size);
        left -= (uint32_t)most;
        from += most;
        to += most;
        if (from == end) {
            break;
        }
        value = from->value < 0 ? -from->value : from->value;
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
        left -= (uint32_t)value;
        if (value == 0 || value > record->max_value || (int32_t)left < 0) {
            return SPKL_ERR_VALUE;
        }
        *to++ = *from++;
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

    used += spkl_staged(queue);
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

/* Where the events of a tick go. */
struct taking {
    uint16_t *neurons;
    int16_t *values;
    uint32_t all; /* the bits of all values, from bit 16 on */
};

/* Take events of a tick, up to the first of another one. Returns where that is.
 */
static const struct spkl_word *take(struct taking *taking,
                                    const struct spkl_word *at,
                                    const struct spkl_word *end, uint32_t tick)
{
    const struct spkl_word *last = at + ((size_t)(end - at) & ~(size_t)3);
    struct spkl_word *neurons = (void *)taking->neurons;
    struct spkl_word *values = (void *)taking->values;
    uint32_t all = taking->all;

    if (((uintptr_t)neurons & 3u) != 0) {
        last = at; /* the queue began anew at an odd place */
    }
    for (; at != last && at[0].word == tick && at[2].word == tick; at += 4) {
        uint32_t a = at[1].word;
        uint32_t b = at[3].word;
        uint32_t two = a >> 16 | (b & 0xFFFF0000u);

        neurons++->word = (a & 0xFFFFu) | b << 16;
        values++->word = two;
        all |= two | a;
    }
    taking->neurons = (void *)neurons;
    taking->values = (void *)values;
    for (; at != end && at[0].word == tick; at += 2) {
        uint32_t what = at[1].word;

        *taking->neurons++ = (uint16_t)what;
        *taking->values++ = (int16_t)(what >> 16);
        all |= what;
    }
    taking->all = all;
    return at;
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
    uint32_t staged = spkl_staged(queue);
    struct taking taking = {in->source.neurons + staged,
                            in->source.values + staged,
                            staged != 0 ? UINT32_C(1) << 16 : 0};
    uint32_t tick;
    uint32_t n;

    (void)net;
    if (there == 0) {
        queue->kind = staged != 0;
        return staged;
    }
    SPKL_BARRIER();
    tick = event->tick;
    if ((int32_t)(tick - now) > 0) {
        there = 0;
    }
    while (there > 0) {
        uint32_t room = (uint32_t)((const struct spkl_event *)in->end - event);
        const struct spkl_word *at = (const void *)event;
        const struct spkl_word *end = at + 2 * (there < room ? there : room);

        there -= (uint32_t)(end - at) / 2;
        if (take(&taking, at, end, tick) != end) {
            break;
        }
        event = in->held;
    }
    SPKL_BARRIER();
    n = (uint32_t)(taking.neurons - in->source.neurons);
    read += n - staged;
    queue->read = read < 2 * capacity ? read : read - 2 * capacity;
    queue->kind = taking.all >> 16 == 1;
    return n;
}
