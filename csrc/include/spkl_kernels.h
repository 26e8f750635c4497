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

/*
 * Add rows of weights of 4, 2 or 1 bits (layouts 1 to 3) to sums.
 *
 *     acc[i] += sum over rows of the weight of code i
 *
 *   acc   [n] in/out       aligned to 4
 *   rows  [n_rows] in/out  pointers to rows aligned to 4; undefined afterwards;
 *                          at most SPKL_ROWS_MAX
 *   n                      any; codes of the padding are not added
 */
typedef void spkl_add_rows_fn(int32_t *acc, const uint8_t **rows, size_t n_rows,
                              size_t n);

spkl_add_rows_fn spkl_add_rows_u4_s32;
spkl_add_rows_fn spkl_add_rows_u2_s32;
spkl_add_rows_fn spkl_add_rows_u1_s32;

/*
 * Add weights of a row of layout 0 to 3, each multiplied, to sums.
 *
 *     acc[i] += times * weight of code (first + i) of the row
 *
 *   acc     [n] in/out
 *   row     in
 *   layout  0 to 3
 */
struct spkl_codes {
    const uint8_t *row;
    uint32_t first;
    uint32_t layout;
};
typedef void spkl_add_codes_fn(int32_t *acc, const struct spkl_codes *codes,
                               size_t n, int32_t times);

spkl_add_codes_fn spkl_add_codes_s32;

/*
 * Add runs of signed bytes to sums.
 *
 *     acc[k acc_step + i] += row[k row_step + i]  for k < n_runs, i < n
 *
 *   acc  in/out  aligned to 4
 *   row  in      any alignment; row_step is a multiple of 4
 */
struct spkl_runs {
    uint32_t n;
    uint32_t n_runs; /* at least 1 */
    int32_t acc_step;
    int32_t row_step;
};
void spkl_add_runs_s8_s32(int32_t *acc, const int8_t *row,
                          const struct spkl_runs *runs);

/*
 * Add events of a pixel of a convolution to sums of 16 bits: each is runs, as
 * above. Of four targets that follow each other the sums of 0 and 2 lie before
 * those of 1 and 3. Returns the first event of another pixel, or the end.
 */
struct spkl_pixel {
    int16_t *sums;     /* aligned to 4 */
    const int8_t *row; /* of the pixel's first neuron */
    uint32_t step;     /* from neuron to neuron */
    uint32_t first;    /* neuron of the pixel */
    uint32_t channels; /* its neurons */
    const uint16_t *next;
    const uint16_t *end;
    uint32_t n; /* a multiple of 16 */
    uint32_t n_runs;
    int32_t sums_step; /* bytes, from the end of a run to the next one */
    int32_t row_step;
};
const uint16_t *spkl_add_pixel_s8_s16(const struct spkl_pixel *pixel);

/* Such sums of n targets, a multiple of 16, become words, where they are. */
void spkl_widen_pixels_s16_s32(int32_t *in, size_t n);

/* Whether that is faster than spkl_add_runs_s8_s32 for many events. */
extern const uint32_t spkl_pixels_pay;

/* One run, multiplied: acc[i] += times * row[i]. */
void spkl_add_row_times_s8_s32(int32_t *acc, const int8_t *row, size_t n,
                               int32_t times);

/*
 * Add a sparse row (layout 5) to sums.
 *
 *     i += pairs[k].gap;  acc[i] += times * pairs[k].weight
 *
 *   acc    in/out  as long as the pairs reach
 *   pairs  [n] in  aligned to 2
 */
struct spkl_pair {
    uint8_t gap;
    int8_t weight;
};
void spkl_add_pairs_s8_s32(int32_t *acc, const struct spkl_pair *pairs,
                           size_t n, int32_t times);

/*
 * Add sparse rows in blocks of four (layout 6) to sums: for each neuron the
 * blocks k from start[neuron] to before start[neuron + 1], b from 0 on.
 *
 *     b += gaps[k];  acc[4 b + i] += weights[4 k + i] for i < 4;  b += 1
 *
 *   acc      in/out  as long as the blocks reach; aligned to 4
 *   neurons  [n] in  rows
 *
 * Returns the number of blocks.
 */
struct spkl_blocks4 {
    const int8_t *weights;
    const uint8_t *gaps;
    const uint32_t *start;
};
size_t spkl_add_blocks4_s8_s32(int32_t *acc, const struct spkl_blocks4 *rows,
                               const uint16_t *neurons, size_t n);

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
 *   changed  in/out  false: whether a state word changed. true: nobody asks,
 * and it may become either. Of spkl_lif_tick_if_s32 [2]: and whether one would
 * in a tick without input
 *
 * Returns the number of neurons that fired. Cannot fail.
 */
typedef size_t spkl_lif_tick_fn(const struct spkl_lif *p, bool *changed);

/* Every choice of semantics 3.2. */
spkl_lif_tick_fn spkl_lif_tick_any_s32;

/* The common case, fast. Only for populations that spkl_is_plain() finds to
 * have no u, a or r, one spike a tick, s = 16, floor, the test on the new v,
 * input after the leak, one decay for all, and a bound of |in 2^f + bias|
 * within V_MAX. Resets: all kinds and times. */
spkl_lif_tick_fn spkl_lif_tick_plain_s32;

/* Whether v of a plain population whose input is within 128 sum can never be
 * found below -V_MAX, and its v_min is that; its flags then say SPKL_LIF_CALM.
 * false is always right. */
bool spkl_is_calm(const struct spkl_lif *lif, uint32_t sum);

/* Neurons without leak: no u, a, r or bias, a decay of 1, resets at once, and a
 * bound of |in 2^f| within V_MAX. One spike a tick or several. */
spkl_lif_tick_fn spkl_lif_tick_if_s32;

/* The same for a population with blocks, and for a delay line (semantics 3.4);
 * these belong to the engine. */
spkl_lif_tick_fn spkl_tick_blocks;
spkl_lif_tick_fn spkl_tick_line;

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

struct spkl_walk;
struct spkl_population;
struct spkl_projection;
struct spkl_population_record;
struct spkl_projection_record;

/*
 * Whether the choices of a population and the parameters that are there (bits
 * by id) have a meaning together: semantics 3.2, 3.4. Decays of a shift of 12
 * are checked and, when absent, found. Arrays of the state before the head are
 * placed, and p told where.
 *
 * Returns 0, SPKL_ERR_UNSUPPORTED, SPKL_ERR_IMAGE_POPULATION,
 * SPKL_ERR_IMAGE_PARAMETER, SPKL_ERR_IMAGE_MODEL, or SPKL_ERR_NO_KERNEL: not
 * among those that can be checked.
 */
typedef int spkl_check_choices_fn(struct spkl_walk *walk,
                                  const struct spkl_population_record *record,
                                  struct spkl_population *p,
                                  uint32_t parameters);

/* All choices. */
spkl_check_choices_fn spkl_check_choices_any;

/* Those that spkl_lif_tick_plain_s32 can do; no blocks. */
spkl_check_choices_fn spkl_check_choices_plain;

/* The function for the ticks of a population whose input is within 128 sum.
 * NULL: not linked. */
typedef spkl_lif_tick_fn *spkl_choose_tick_fn(struct spkl_population *p,
                                              uint32_t sum);

spkl_choose_tick_fn spkl_choose_tick_any;
spkl_choose_tick_fn spkl_choose_tick_plain;

/*
 * Check a projection to p and fill its table entry: image.md 5. The source is
 * known; walk->brings is lowered where less than all of it meets in a target.
 *
 * Returns 0, SPKL_ERR_UNSUPPORTED, SPKL_ERR_NO_KERNEL,
 * SPKL_ERR_IMAGE_PROJECTION, SPKL_ERR_IMAGE_BOUND or SPKL_ERR_IMAGE_MODEL.
 */
typedef int
spkl_build_projection_fn(struct spkl_walk *walk,
                         const struct spkl_projection_record *record,
                         struct spkl_projection *q, struct spkl_population *p);

/* All of them, by spkl_parts. */
spkl_build_projection_fn spkl_build_any;

/* Dense rows of bytes, with no map, no delays, and no blocks in the target. */
spkl_build_projection_fn spkl_build_dense;

/* One kind each, for spkl_build_any. */
spkl_build_projection_fn spkl_build_rows;
spkl_build_projection_fn spkl_build_conv;
spkl_build_projection_fn spkl_build_sparse;
spkl_build_projection_fn spkl_build_feed;
spkl_build_projection_fn spkl_build_sparse4;

/* Delays of a projection that was built: image.md 5. Returns the same. */
spkl_build_projection_fn spkl_build_late;

/* Place what a population has more in the state, and keep its table. Returns 0
 * or an error of spkl_check_choices_fn. */
typedef int spkl_place_fn(struct spkl_walk *walk,
                          const struct spkl_population_record *record,
                          struct spkl_population *p);

spkl_place_fn spkl_place_line;
spkl_place_fn spkl_place_blocks;

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

/* Check an output port and make its table. Returns 0 or what is wrong. */
struct spkl_output_record;
struct spkl_sink;
typedef int spkl_build_output_fn(struct spkl_walk *walk,
                                 const struct spkl_output_record *record,
                                 struct spkl_sink *out);

spkl_build_output_fn spkl_build_output;     /* without a gap */
spkl_build_output_fn spkl_build_output_any; /* with one, or without */

struct spkl_kernels {
    spkl_check_choices_fn *check_choices;       /* not NULL */
    spkl_choose_tick_fn *choose_tick;           /* not NULL */
    spkl_build_projection_fn *build_projection; /* not NULL */
    spkl_input_update_fn *update_events;
    spkl_input_update_fn *update_frame;
    spkl_check_encoder_fn *check_encoder; /* there with update_frame */
    spkl_build_output_fn *build_output;   /* not NULL */
    spkl_decode_fn *decode[5];            /* by decoder code; [0] is NULL */
};

extern const struct spkl_kernels spkl_kernels;

/* By encoder code; [0] is NULL. */
extern spkl_encode_fn *const spkl_encoders[5];

/* For the three of spkl_kernels that are called _any. */
struct spkl_parts {
    spkl_lif_tick_fn *lif_tick_plain_s32;
    spkl_lif_tick_fn *lif_tick_if_s32;
    spkl_lif_tick_fn *lif_tick_any_s32;
    spkl_build_projection_fn *build[6]; /* by kind; [0] is NULL */
    spkl_build_projection_fn *build_late;
    spkl_place_fn *place_line;
    spkl_place_fn *place_blocks;
    spkl_add_rows_fn *add_rows[4]; /* by layout; [0] is always there */
    spkl_add_codes_fn *add_codes;  /* of rows with values; of convolutions */
    void (*add_runs)(int32_t *, const int8_t *, const struct spkl_runs *);
    const uint16_t *(*add_pixel)(const struct spkl_pixel *);
    void (*widen_pixels)(int32_t *, size_t);
    const uint32_t *pixels_pay;
    void (*add_row_times)(int32_t *, const int8_t *, size_t, int32_t);
};

extern const struct spkl_parts spkl_parts;

#endif
