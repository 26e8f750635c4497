/*
 * Kernels: what the engine calls through a table, so that a firmware links
 * only what its model needs. A table is a constant named spkl_kernels; the
 * full one is csrc/kernels/all.c, a model's own one is written by `spikelet
 * build`. NULL: not linked; spkl_open then refuses an image that needs it. What
 * every model needs is no entry: the engine calls it by name.
 *
 * csrc/kernels/ref/ defines every result; a file of the same name in another
 * set gives the same bits.
 */
#ifndef SPKL_KERNELS_H
#define SPKL_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most rows of one call of add_rows: 255 * 255 fits in an unsigned 16-bit
 * lane, so packed kernels need no check. */
#define SPKL_ROWS_MAX 255

/* Free places behind the rows that a kernel may use (sentinels). */
#define SPKL_ROWS_SPARE 8

/*
 * Add rows of weights (layout 0) to sums.
 *
 *     acc[i] += sum over rows of (row[i] - 128)
 *
 *   acc   [n] in/out       aligned to 4
 *   rows  [n_rows] in/out  pointers to rows aligned to 4; undefined afterwards
 *   n                      a multiple of 4
 */
void spkl_add_rows_u8_s32(int32_t *acc, const uint8_t **rows, size_t n_rows,
                          size_t n);

/* Where an image's own CRC lies. */
#define SPKL_CRC_AT 12

/* CRC-32 as zlib's, of an image [length] whose own CRC is taken as 0. */
uint32_t spkl_image_crc(const uint8_t *image, uint32_t length);

/*
 * List the rows (layout 0) of neurons that fired.
 *
 *     rows[k] = weights + neurons[k] * stride
 *
 *   rows     [n] out
 *   neurons  [n] in
 */
void spkl_list_rows(const uint8_t **rows, const uint16_t *neurons, size_t n,
                    const uint8_t *weights, size_t stride);

/*
 * Add rows of weights (layout 0), each multiplied, to sums.
 *
 *     acc[i] += sum over events k of values[k] * (row of neurons[k] [i] - 128)
 *
 *   acc      [n] in/out       aligned to 4
 *   weights  [any * n] in     rows of n bytes, aligned to 4
 *   n                         a multiple of 4
 *   neurons  [n_events] in    rows
 *   values   [n_events] in
 */
void spkl_add_graded_u8_s32(int32_t *acc, const uint8_t *weights, size_t n,
                            const uint16_t *neurons, const int16_t *values,
                            size_t n_events);

/* A parameter: one int32 for all neurons (step 0) or one each (step 1). */
struct spkl_param {
    const int32_t *at;
    uint32_t step;
};

/* The LIF family's state and parameters, resolved by spkl_start. */
struct spkl_lif {
    int32_t *v;
    int32_t *u;
    int32_t *a;
    uint16_t *r;
    int32_t *in;     /* [n] sums of this tick; the kernel zeroes them */
    uint16_t *fired; /* [n] out: neurons with an event, ascending */
    int16_t *values; /* [n] out: their values; NULL: all are 1 */
    uint32_t flags;  /* semantics 3.2 */
    uint32_t n;
    uint16_t frac;
    uint16_t max_count;
    struct spkl_param decay_v, decay_u, decay_a, fire_above, reset, bias, v_min,
        v_init, count_by, adapt_by, refractory;
};

/*
 * Advance a population by one tick: semantics 3.3.
 *
 *   changed  out  whether a state word changed
 *
 * Returns the number of neurons that fired. Cannot fail.
 */
typedef size_t spkl_lif_tick_fn(const struct spkl_lif *p, bool *changed);

/* Every choice of semantics 3.2. */
spkl_lif_tick_fn spkl_lif_tick_any_s32;

/* The common case, fast. Only for populations that is_plain() of build.c finds
 * to have no u, a or r, one spike a tick, s = 16, floor, the test on the new
 * v, input after the leak, one decay for all, and a bound of |in 2^f + bias|
 * within V_MAX. Resets: all kinds and times. */
spkl_lif_tick_fn spkl_lif_tick_plain_s32;

/* What an encoder needs to know: semantics 4. */
struct spkl_encoding {
    const uint8_t *frame; /* [n] */
    uint32_t n;
    uint32_t gain;
    uint32_t seed;
    uint32_t max_value;
    uint32_t tick;
    uint32_t sample_tick;
    uint32_t window;
};

/* Write this tick's events: neurons ascending, values. Returns their number. */
typedef size_t spkl_encode_fn(const struct spkl_encoding *e, uint16_t *neurons,
                              int16_t *values);

spkl_encode_fn spkl_encode_rate;
spkl_encode_fn spkl_encode_poisson;
spkl_encode_fn spkl_encode_latency;
spkl_encode_fn spkl_encode_direct;

/*
 * Decoders: bring scores up to date (semantics 5).
 *
 *   scores       [n] in/out
 *   p            in  v [n], fired [n_fired], values [n_fired] or NULL
 *   n_fired          events of this tick
 *   sample_tick      this tick's number in its sample
 */
typedef void spkl_decode_fn(int32_t *scores, const struct spkl_lif *p,
                            size_t n_fired, uint32_t sample_tick);

spkl_decode_fn spkl_decode_count;
spkl_decode_fn spkl_decode_last;
spkl_decode_fn spkl_decode_largest;
spkl_decode_fn spkl_decode_first;

/*
 * What the engine does only for some models. These are no kernels, and have no
 * variants; but they are linked by the same table.
 */

/*
 * Whether the choices of a population (flags) and the parameters that are there
 * (bits by id) have a meaning together: semantics 3.2. Decays of a shift of 12
 * are checked and, when absent, found.
 *
 *   state  in/out  where the arrays values, u, a and r begin, and end
 *
 * Returns 0, SPKL_ERR_IMAGE_POPULATION, SPKL_ERR_IMAGE_PARAMETER, or
 * SPKL_ERR_NO_KERNEL: not among those that can be checked.
 */
typedef int spkl_check_choices_fn(struct spkl_lif *lif, uint32_t parameters,
                                  uintptr_t *state);

/* All choices. */
spkl_check_choices_fn spkl_check_choices_any;

/* Those that spkl_lif_tick_plain_s32 can do. */
spkl_check_choices_fn spkl_check_choices_plain;

/* Make the events of tick `now` of an input port; returns their number. */
struct spkl_net;
struct spkl_input;
typedef uint32_t spkl_input_update_fn(const struct spkl_net *net,
                                      const struct spkl_input *in,
                                      uint32_t now);

/* A port without an encoder, and one with. */
spkl_input_update_fn spkl_update_events;
spkl_input_update_fn spkl_update_frame;

/* Whether an input port with an encoder is right. Returns 0,
 * SPKL_ERR_IMAGE_INPUT or SPKL_ERR_NO_KERNEL. */
struct spkl_input_record;
struct spkl_model;
typedef int spkl_check_encoder_fn(const struct spkl_input_record *record,
                                  const struct spkl_model *model);

spkl_check_encoder_fn spkl_check_encoder;

struct spkl_kernels {
    spkl_lif_tick_fn *lif_tick_plain_s32;
    spkl_lif_tick_fn *lif_tick_any_s32;
    spkl_check_choices_fn *check_choices; /* not NULL */
    spkl_input_update_fn *update_events;
    spkl_input_update_fn *update_frame;
    spkl_check_encoder_fn *check_encoder; /* there with update_frame */
    spkl_decode_fn *decode[5];            /* by decoder code; [0] is NULL */
};

extern const struct spkl_kernels spkl_kernels;

/* By encoder code; [0] is NULL. */
extern spkl_encode_fn *const spkl_encoders[5];

#endif
