/*
 * The tables of a running network: in the scratch part of the arena, made by
 * spkl_start, with pointers into the image and the state part
 * (docs/reference/arena.md).
 */
#ifndef SPKL_NET_H
#define SPKL_NET_H

#include "spkl.h"
#include "spkl_image.h"
#include "spkl_kernels.h"

/* First array of the state. */
struct spkl_clock {
    uint32_t tick;
    uint32_t sample_tick;
    uint32_t samples;
    uint32_t flags;
};

/* Where events come from: those of the current tick. */
struct spkl_source {
    uint32_t *n;
    uint16_t *neurons;
    int16_t *values;
    bool ones; /* all values are 1, whatever the array holds */
};

struct spkl_population {
    struct spkl_lif lif;
    spkl_lif_tick_fn *tick;
    struct spkl_source source;
    struct spkl_stats *stats;
    uint32_t *quiescent;
    uint32_t n_projections; /* to this population */
};

struct spkl_projection {
    const struct spkl_source *source;
    const uint8_t *weights;
    uint32_t stride;
};

/* State of an input port's queue. The indices count to 2 capacity. */
struct spkl_queue {
    uint32_t read;
    uint32_t write;
    uint32_t last_tick;
    uint32_t last_sum;
};

struct spkl_input {
    const struct spkl_input_record *record;
    spkl_encode_fn *encode; /* NULL: events are pushed */
    struct spkl_source source;
    struct spkl_queue *queue;
    struct spkl_event *events; /* without encode */
    uint8_t *frame;            /* with encode */
    uint32_t *has_frame; /* without encode: a value in the queue is not 1 */
};

struct spkl_sink {
    const struct spkl_output_record *record;
    const struct spkl_population *population;
    spkl_decode_fn *decode;
    int32_t *scores;
    struct spkl_event *events;
    uint32_t *n_events;
};

/* layout.c: place the state's arrays behind base, in the tables of net; with
 * base and net NULL only their size is told. */
uint32_t spkl_place_state(const struct spkl_model *model, uint8_t *base,
                          struct spkl_net *net);

/* open.c: the largest sum of |value| that a population's sources may send in a
 * tick, or something above SPKL_INPUT_SUM_MAX. */
uint32_t spkl_input_sum(const struct spkl_model *model, unsigned population);

/* parameters.c: a parameter of a population, or the value of an absent one. */
struct spkl_param spkl_param_of(const struct spkl_model *model,
                                const struct spkl_population_record *record,
                                enum spkl_parameter id);

/* Check all parameters of a population. Returns 0 or SPKL_ERR_IMAGE_PARAMETER.
 */
int spkl_check_parameters(const struct spkl_model *model,
                          const struct spkl_population_record *record);

/* start.c: semantics 2.1, step 1, when the sample's ticks are done. */
void spkl_begin_sample_if_due(const struct spkl_net *net);

/* input.c: make the events of this tick. */
void spkl_input_update(const struct spkl_net *net, struct spkl_input *in);

/* The number of ticks, n at most, in which a port certainly has no event. */
uint32_t spkl_input_silence(const struct spkl_net *net,
                            const struct spkl_input *in, uint32_t n);

/* output.c: whether the queue has room for a tick. */
bool spkl_output_has_room(const struct spkl_sink *out);

/* Take the events and potentials of this tick. */
void spkl_output_update(const struct spkl_net *net,
                        const struct spkl_sink *out);

#endif
