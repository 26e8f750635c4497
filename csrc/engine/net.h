/*
 * The tables of a running network: in the scratch part of the arena, made by
 * spkl_build, with pointers into the image and the state part
 * (docs/reference/arena.md).
 */
#ifndef SPKL_NET_H
#define SPKL_NET_H

#include "spkl.h"
#include "spkl_image.h"
#include "spkl_kernels.h"

/* Where the records of a section begin, in an image that was checked. */
static inline const void *spkl_records(const struct spkl_model *model,
                                       enum spkl_section_id id)
{
    const struct spkl_image *image = model->image;

    return (const uint8_t *)image + image->sections[id - 1].offset;
}

/* The number of records of a section. */
static inline uint32_t spkl_count(const struct spkl_model *model,
                                  enum spkl_section_id id)
{
    return model->image->sections[id - 1].count;
}

/* First array of the state. */
struct spkl_clock {
    uint32_t tick;
    uint32_t sample_tick;
    uint32_t samples;
    uint32_t awake; /* 0: all populations were quiescent after the last tick */
};

/* Where events come from: those of the last tick. */
struct spkl_source {
    uint32_t *n; /* [2]: their number; in a port: whether all are 1 */
    uint16_t *neurons;
    int16_t *values; /* NULL: all are 1 */
};

/* State of a population beside its neurons'. */
struct spkl_head {
    uint32_t n_events; /* source.n points here */
    uint32_t quiescent;
    struct spkl_stats stats;
};

struct spkl_population {
    struct spkl_head *head;
    spkl_lif_tick_fn *tick;
    const struct spkl_projection *projections; /* to this population */
    const struct spkl_projection *projections_end;
    void *late; /* sums of its late projections, in the state */
    void *late_end;
    void *more; /* struct spkl_blocks or spkl_line; NULL: neither */
    struct spkl_source source;
    struct spkl_lif lif;
};

/* Bring what a projection's source gives in this tick to the sums of its target
 * p, and count its operations. Returns 0 when no event came. */
typedef uint32_t spkl_deliver_fn(const struct spkl_net *net,
                                 const struct spkl_population *p,
                                 const struct spkl_projection *q);

struct spkl_projection {
    const struct spkl_source *source;
    spkl_deliver_fn *deliver;
    const uint8_t *weights;
    uint32_t stride;
    const void *table; /* what deliver needs more */
};

/* State of an input port: its queue, whose indices count to 2 capacity, and
 * the head of its events. An interrupt may fill a queue while a tick takes from
 * it: indices are moved last, behind a barrier. */
struct spkl_queue {
    uint32_t read;
    uint32_t write;
    uint32_t last_tick;
    uint32_t last_sum;
    uint32_t n_events; /* source.n points here */
    uint32_t kind;     /* an encoder's frame is there; events are all 1; and
                        * SPKL_QUEUE_STAGED times the spikes of the next tick */
};

#define SPKL_QUEUE_STAGED 2u

/* Spikes of the next tick that lie in the port's list already. */
static inline uint32_t spkl_staged(const struct spkl_queue *queue)
{
    return queue->kind / SPKL_QUEUE_STAGED;
}

struct spkl_input {
    struct spkl_source source;
    spkl_input_update_fn *update;
    const struct spkl_input_record *record;
    struct spkl_queue *queue;
    void *held;      /* events of the queue, or the frame */
    const void *end; /* of the held */
};

struct spkl_sink {
    const struct spkl_output_record *record;
    const struct spkl_population *population;
    spkl_decode_fn *decode;
    int32_t *scores;
    struct spkl_event *events;
    uint32_t *n_events;
    uint32_t most; /* events in the queue with which a tick may begin */
};

/* sample.c: semantics 2.1, step 1. */
void spkl_begin_sample(const struct spkl_net *net);

/* The same, when the ticks of the last sample are done. */
static inline void spkl_begin_sample_if_due(const struct spkl_net *net)
{
    uint32_t window = net->model->ticks_per_sample;

    if (window != 0 && net->clock->sample_tick >= window) {
        spkl_begin_sample(net);
    }
}

/* tick.c: a statistic. */
#if defined(__OPTIMIZE_SIZE__)
void spkl_count_up(uint64_t *counter, uint32_t n);
#else
static inline void spkl_count_up(uint64_t *counter, uint32_t n)
{
    *counter += n;
}
#endif

/* Kernel: n spikes of value 1 of neurons below size. Returns false when one is
 * not; what `to` holds is undefined then. `to` is aligned to 4. */
bool spkl_copy_spikes(const struct spkl_source *to, const uint16_t *from,
                      size_t n, uint32_t size);

/* Kernel: dense projections of layout 0, without a map. */
spkl_deliver_fn spkl_add_dense;

/* Kernel: do ticks, n at most, in which certainly nothing changes but counters.
 * Returns their number; 0 is always right. */
uint32_t spkl_rest(const struct spkl_net *net, uint32_t n);

/* output.c: take the events and potentials of this tick. */
void spkl_output_update(const struct spkl_net *net, uint32_t tick);

/* Tables lie one behind the other: where one ends, the next begins. */
static inline const struct spkl_population *
spkl_end_of_populations(const struct spkl_net *net)
{
    return (const void *)net->projections;
}

static inline const struct spkl_input *
spkl_end_of_inputs(const struct spkl_net *net)
{
    return (const void *)net->outputs;
}

static inline const struct spkl_sink *
spkl_end_of_outputs(const struct spkl_net *net)
{
    return (const void *)net->in;
}

/* The place in a queue that belongs to an index. */
static inline struct spkl_event *spkl_queue_place(const struct spkl_input *in,
                                                  uint32_t index)
{
    uint32_t capacity = in->record->capacity;

    return (struct spkl_event *)in->held +
           (index < capacity ? index : index - capacity);
}

#endif
