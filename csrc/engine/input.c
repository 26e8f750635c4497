/* Input ports: queues and frames. */
#include "net.h"

/* A queue may be filled by an interrupt while a tick takes from it: what one
 * side has written is in memory before the other is told. There is one core. */
#if defined(__GNUC__)
#define BARRIER() __asm__ volatile("" ::: "memory")
#else
#define BARRIER() ((void)0)
#endif

/* What a push checks, and where it is. */
struct pushing {
    uint32_t now;
    uint32_t age; /* of the event before, in ticks from now */
    uint32_t sum; /* of |value| of that tick */
    uint32_t graded;
};

/* Copy n events to where the engine does not look yet; the first bad one
 * gives the code. */
static int copy_in(const struct spkl_input_record *record,
                   struct pushing *pushing, struct spkl_event *to,
                   const struct spkl_event *from, size_t n)
{
    const struct spkl_event *end = from + n;
    uint32_t size = record->size;
    uint32_t max_value = record->max_value;
    uint32_t max_sum = record->max_sum;
    struct pushing p = *pushing;

    for (; from != end; from++, to++) {
        uint32_t age = from->tick - p.now;
        int32_t value = from->value;

        if (age != p.age) {
            if ((int32_t)age < (int32_t)p.age) {
                return SPKL_ERR_TICK;
            }
            p.age = age;
            p.sum = 0;
        }
        if (from->neuron >= size) {
            return SPKL_ERR_NEURON;
        }
        if (value != 1) {
            p.graded = 1;
            value = value < 0 ? -value : value;
            if (value == 0 || (uint32_t)value > max_value) {
                return SPKL_ERR_VALUE;
            }
        }
        p.sum += (uint32_t)value;
        if (p.sum > max_sum) {
            return SPKL_ERR_VALUE;
        }
        *to = *from;
    }
    *pushing = p;
    return SPKL_OK;
}

static uint32_t used_of(const struct spkl_queue *queue, uint32_t capacity)
{
    uint32_t used = queue->write - queue->read;

    return (int32_t)used < 0 ? used + 2 * capacity : used;
}

int spkl_push(struct spkl_net *net, unsigned port,
              const struct spkl_event *events, size_t n)
{
    const struct spkl_input *in;
    struct spkl_queue *queue;
    struct pushing pushing = {net->clock->tick, 0, 0, 0};
    uint32_t capacity;
    uint32_t used;
    uint32_t at;
    size_t first;
    int error;

    if (port >= net->model->n_inputs || (n > 0 && events == NULL)) {
        return SPKL_ERR_ARGUMENT;
    }
    in = &net->inputs[port];
    if (in->encode != NULL) {
        return SPKL_ERR_ENCODER;
    }
    queue = in->queue;
    capacity = in->record->capacity;
    used = used_of(queue, capacity);
    if (n > capacity - used) {
        return SPKL_ERR_FULL;
    }
    if (n == 0) {
        return SPKL_OK;
    }
    if (used > 0) {
        pushing.age = queue->last_tick - pushing.now;
        pushing.sum = queue->last_sum;
        pushing.graded = *in->has_frame;
    }
    at = queue->write < capacity ? queue->write : queue->write - capacity;
    first = n < capacity - at ? n : capacity - at;
    error = copy_in(in->record, &pushing, in->events + at, events, first);
    if (error == SPKL_OK && n > first) {
        error = copy_in(in->record, &pushing, in->events, events + first,
                        n - first);
    }
    if (error != SPKL_OK) {
        return error;
    }
    queue->last_tick = pushing.now + pushing.age;
    queue->last_sum = pushing.sum;
    *in->has_frame = pushing.graded;
    at = queue->write + (uint32_t)n;
    BARRIER();
    queue->write = at < 2 * capacity ? at : at - 2 * capacity;
    return SPKL_OK;
}

int spkl_push_frame(struct spkl_net *net, unsigned port, const uint8_t *frame,
                    size_t n)
{
    const struct spkl_input *in;

    if (port >= net->model->n_inputs) {
        return SPKL_ERR_ARGUMENT;
    }
    in = &net->inputs[port];
    if (in->encode == NULL) {
        return SPKL_ERR_ENCODER;
    }
    if (frame == NULL || n != in->record->size) {
        return SPKL_ERR_ARGUMENT;
    }
    spkl_begin_sample_if_due(net);
    for (size_t i = 0; i < n; i++) {
        in->frame[i] = frame[i];
    }
    *in->has_frame = 1;
    return SPKL_OK;
}

/* Copy the events of a tick (and late ones, pushed by an interrupt while their
 * tick ran) from a piece of the queue. Returns their number. */
static uint32_t copy_out(const struct spkl_input *in, uint32_t to,
                         const struct spkl_event *event, uint32_t n,
                         uint32_t tick)
{
    const struct spkl_event *from = event;
    const struct spkl_event *end = event + n;
    uint16_t *neurons = in->source.neurons + to;

    while (event != end && (int32_t)(event->tick - tick) <= 0) {
        *neurons++ = event->neuron;
        event++;
    }
    if (!in->source.ones) {
        int16_t *values = in->source.values + to;

        for (; from != event; from++) {
            *values++ = from->value;
        }
    }
    return (uint32_t)(neurons - in->source.neurons) - to;
}

static uint32_t take(struct spkl_input *in, uint32_t tick)
{
    struct spkl_queue *queue = in->queue;
    uint32_t capacity = in->record->capacity;
    uint32_t there = used_of(queue, capacity);
    uint32_t read = queue->read;
    uint32_t at = read < capacity ? read : read - capacity;
    uint32_t first = there < capacity - at ? there : capacity - at;
    uint32_t n;

    if (there == 0) {
        return 0;
    }
    BARRIER();
    in->source.ones = *in->has_frame == 0;
    n = copy_out(in, 0, in->events + at, first, tick);
    if (n == first && there > first) {
        n += copy_out(in, n, in->events, there - first, tick);
    }
    read += n;
    BARRIER();
    queue->read = read < 2 * capacity ? read : read - 2 * capacity;
    return n;
}

static uint32_t encode(const struct spkl_net *net, const struct spkl_input *in)
{
    const struct spkl_input_record *record = in->record;
    const struct spkl_encoding encoding = {
        .frame = in->frame,
        .n = record->size,
        .gain = record->gain,
        .seed = record->seed,
        .max_value = record->max_value,
        .tick = net->clock->tick,
        .sample_tick = net->clock->sample_tick,
        .window = net->model->ticks_per_sample,
    };

    if (*in->has_frame == 0) {
        return 0;
    }
    return (uint32_t)in->encode(&encoding, in->source.neurons,
                                in->source.values);
}

void spkl_input_update(const struct spkl_net *net, struct spkl_input *in)
{
    *in->source.n =
        in->encode == NULL ? take(in, net->clock->tick) : encode(net, in);
}

uint32_t spkl_input_silence(const struct spkl_net *net,
                            const struct spkl_input *in, uint32_t n)
{
    const struct spkl_queue *queue = in->queue;
    uint32_t capacity = in->record->capacity;
    uint32_t silence;

    if (in->encode != NULL) {
        return *in->has_frame != 0 ? 0 : n;
    }
    if (queue->read == queue->write) {
        return n;
    }
    BARRIER();
    silence = in->events[queue->read < capacity ? queue->read
                                                : queue->read - capacity]
                  .tick -
              net->clock->tick;
    if ((int32_t)silence <= 0) {
        return 0;
    }
    return silence < n ? silence : n;
}
