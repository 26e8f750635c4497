/*
 * spikelet: an event-driven engine for spiking networks.
 *
 * The caller owns all memory: an image (read in place), a model, a net and an
 * arena. Functions that can fail return 0 or a count, else a negative code of
 * spkl_err.def; a call that fails leaves the network as it was. No heap, no
 * float, no global state. docs/reference/semantics.md defines every result.
 */
#ifndef SPKL_H
#define SPKL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum spkl_error {
    SPKL_OK = 0,
#define SPKL_ERR(name, value, sentence) SPKL_ERR_##name = (value),
#include "spkl_err.def"
#undef SPKL_ERR
};

/* A tick was not begun because an output queue has no room: take events. */
#define SPKL_MORE 1

/* One event: semantics 1.3. */
struct spkl_event {
    uint32_t tick;
    uint16_t neuron;
    int16_t value;
};

/* A checked image. Filled by spkl_open; do not rely on its contents. */
struct spkl_model {
    const struct spkl_image *image;
    uint32_t state_size;
    uint32_t ticks_per_sample;
    uint32_t reset_between;
    uint32_t n_in;
    uint32_t n_rows;
    size_t arena_size;
};

/* A running network. Filled by spkl_start; do not rely on its contents. */
struct spkl_net {
    const struct spkl_model *model;
    struct spkl_clock *clock;
    struct spkl_population *populations;
    struct spkl_projection *projections;
    struct spkl_input *inputs;
    struct spkl_sink *outputs;
    int32_t *in;
    const uint8_t **rows;
};

/* What an output port holds: pointers into the arena, valid until the next
 * call that changes the network. */
struct spkl_output {
    const struct spkl_event *events; /* [n_events], oldest first */
    size_t n_events;
    const int32_t *scores; /* [size]; NULL with decoder none */
    size_t size;
    uint32_t prediction; /* index of the largest score, lowest on a tie */
    uint32_t ticks;      /* ticks of the sample done, and the window more when
                          * it has ended early: spkl_sample_ticks */
};

struct spkl_stats {
    uint64_t events;
    uint64_t synops;
    uint64_t quiet_ticks;
};

enum spkl_variable {
    SPKL_VAR_V = 0,      /* membrane */
    SPKL_VAR_U = 1,      /* synaptic current */
    SPKL_VAR_A = 2,      /* adaptation */
    SPKL_VAR_R = 3,      /* refractory ticks left */
    SPKL_VAR_EVENTS = 4, /* value of the event of the last tick, or 0 */
    SPKL_VAR_QUIET = 5   /* 1 when the population is quiescent */
};

/*
 * Check an image and describe it. Nothing of a refused image is used.
 *
 *   model       out  filled on success, else unchanged
 *   image       in   [length] aligned to 4; stays in place while in use
 *
 * Returns 0, or SPKL_ERR_IMAGE_*, SPKL_ERR_UNSUPPORTED, or SPKL_ERR_NO_KERNEL
 * when the image needs what was not linked. Stack is bounded.
 * docs/reference/image.md, 8.
 */
int spkl_open(struct spkl_model *model, const void *image, size_t length);

/* Bytes of the arena that the model needs on this machine. */
size_t spkl_arena_size(const struct spkl_model *model);

/*
 * Lay the network out in an arena and give it its initial state, tick 0.
 *
 *   net    out  filled on success, else unchanged
 *   model  in   opened; stays in place while the net is in use
 *   arena  out  [size] aligned to 8, at least spkl_arena_size(model)
 *
 * Returns 0 or SPKL_ERR_ARENA; what spkl_open returns if the image has changed
 * since.
 */
int spkl_start(struct spkl_net *net, const struct spkl_model *model,
               void *arena, size_t size);

/*
 * Put events into an input port's queue: all of them, or none.
 *
 *   events  in  [n] ticks not descending, not in the past, not before the
 *               last pushed one; neuron < size; 0 < |value| <= max_value;
 *               the sum of |value| over one tick at most max_sum
 *
 * Returns 0, or SPKL_ERR_ARGUMENT, _FULL, _TICK, _NEURON, _VALUE, _ENCODER.
 * May be called from one interrupt while spkl_advance runs, with ticks from
 * spkl_tick_number on: a tick that has begun is past (semantics 2.1).
 */
int spkl_push(struct spkl_net *net, unsigned port,
              const struct spkl_event *events, size_t n);

/*
 * Give an input port the spikes of the next tick, all of value 1, with no stamp
 * and no queue: the quick way where ticks follow the input.
 *
 *   neurons  in  [n] < size, in any order
 *
 * Returns 0, or SPKL_ERR_ARGUMENT, _FULL (events or spikes wait: let a tick
 * pass, or use spkl_push), _NEURON, _VALUE (more than max_sum), _ENCODER; the
 * port is then as it was. Not from an interrupt.
 */
int spkl_push_spikes(struct spkl_net *net, unsigned port,
                     const uint16_t *neurons, size_t n);

/*
 * Give an input port with an encoder its frame: the current sample's, or the
 * next sample's when the current one is done.
 *
 *   frame  in  [n] n is the port's size
 *
 * Returns 0, or SPKL_ERR_ARGUMENT, SPKL_ERR_ENCODER.
 */
int spkl_push_frame(struct spkl_net *net, unsigned port, const uint8_t *frame,
                    size_t n);

/* One tick. Returns 0, or SPKL_MORE when an output queue has no room for what
 * the tick might bring: then nothing was done. */
int spkl_tick(struct spkl_net *net);

/* At most n ticks: as many as the output queues have room for. Returns the
 * ticks done. Equal to n calls of spkl_tick. */
uint32_t spkl_advance(struct spkl_net *net, uint32_t n);

/*
 * As spkl_advance, up to the tick that decides the sample; then the sample ends
 * (spkl_end_sample). Returns the ticks done. docs/reference/semantics.md, 5.1.
 */
uint32_t spkl_advance_early(struct spkl_net *net, uint32_t n);

/* Whether the scores decide the sample: on each output port that has a gap the
 * best two differ by it. Returns 1 or 0; 0 where no port has one. */
int spkl_decided(const struct spkl_net *net);

/* End the sample before its window is over: the ticks that are left pass, with
 * what was pushed for them, and the next tick begins a sample. What was found
 * stays until then. Nothing without a window, or when it is over. */
void spkl_end_sample(struct spkl_net *net);

/* Ticks of the sample that were done; the same after an early end. */
uint32_t spkl_sample_ticks(const struct spkl_net *net);

/* What an output port holds. Returns 0 or SPKL_ERR_ARGUMENT. */
int spkl_output(const struct spkl_net *net, unsigned port,
                struct spkl_output *output);

/* Drop the n oldest events of an output port's queue. Returns 0 or
 * SPKL_ERR_ARGUMENT (more than there are: nothing is dropped). */
int spkl_output_take(struct spkl_net *net, unsigned port, size_t n);

/* Back to the initial state: tick 0, queues empty, statistics 0. */
void spkl_reset(struct spkl_net *net);

/* The number of the next tick; in an interrupt of a tick, of the one after. */
uint32_t spkl_tick_number(const struct spkl_net *net);

/*
 * Read a variable of a population's neurons first .. first + n - 1.
 *
 *   values  [n] out  0 where the population has no such variable
 *
 * Returns 0, or SPKL_ERR_ARGUMENT.
 */
int spkl_probe(const struct spkl_net *net, unsigned population,
               enum spkl_variable variable, int32_t *values, size_t first,
               size_t n);

/* Statistics of a population. Returns 0 or SPKL_ERR_ARGUMENT. */
int spkl_population_stats(const struct spkl_net *net, unsigned population,
                          struct spkl_stats *stats);

/* The sentence of an error code. */
const char *spkl_error_text(int code);

#ifdef __cplusplus
}
#endif
#endif
