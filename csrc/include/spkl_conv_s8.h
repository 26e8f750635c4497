/*
 * Kernels of the convolutions of graded networks, int8:
 * docs/reference/graded.md 3, docs/explanation/graded-kernels.md.
 *
 * A convolution lists the inputs of an output pixel that are not zero, and sums
 * the list for a block of output channels at a time. What an entry of the list
 * looks like is private to the files list_* and sum_list_*_s32 of a kernel
 * set: a set has all of them or none.
 */
#ifndef SPKL_CONV_S8_H
#define SPKL_CONV_S8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spkl_graded_image.h"

enum {
    /* Output channels of a block of weights. */
    SPKL_CONV_BLOCK = 64,
    /* Bytes of a list: for each input (where values below zero may be, twice
     * as many) and beside these, for all at most, and behind its end. */
    SPKL_LIST_INPUT = 24,
    SPKL_LIST_MORE = 80,
    SPKL_LIST_MAX = 2048,
    SPKL_LIST_SPARE = 32,
    /* Bytes of a depthwise layer for what is kept of a block of channels. */
    SPKL_DEPTHWISE_ROOM = 24 * SPKL_CONV_BLOCK
};

/*
 * Inputs that are not zero, with their rows of weights. Values above zero are
 * listed from `begin` upwards. Assembly knows the order of the fields.
 */
struct spkl_list {
    uint8_t *next;       /* where the next entry of a value above 0 goes */
    uint8_t *below;      /* of values below 0, as a kernel likes; at first
                          * `end` */
    int32_t sum;         /* of all values */
    uint32_t row_size;   /* bytes */
    int32_t zero;        /* the zero point */
    const uint8_t *rows; /* of the block to which the entries lead */
    uint8_t *begin;      /* aligned to 8 */
    uint8_t *end;        /* aligned to 8; SPKL_LIST_SPARE bytes are behind it */
    uint32_t group[4];   /* as a kernel likes; at first 0 */
};

/* Empty a list. Its sum stays. */
static inline void spkl_list_clear(struct spkl_list *list)
{
    list->next = list->begin;
    list->below = list->end;
    list->group[0] = 0;
    list->group[1] = 0;
    list->group[2] = 0;
    list->group[3] = 0;
}

/*
 * List n values of int8 less the zero point, of which 0 is left out, for the
 * row of weights at `row` and those behind it, and add all to list->sum.
 *
 * Returns how many it took: fewer where the list is full, but at least one into
 * an empty list.
 */
typedef size_t spkl_list_inputs_fn(struct spkl_list *list, const int8_t *in,
                                   size_t n, const uint8_t *row);

/* Of the zero point -128: no value is below 0. */
spkl_list_inputs_fn spkl_list_above_s8;
/* Of any zero point. */
spkl_list_inputs_fn spkl_list_signed_s8;

/* Let the entries lead to rows of another block of weights. */
void spkl_list_move(struct spkl_list *list, const uint8_t *rows,
                    uint32_t row_size);

/*
 * Sum a list: acc[o] = (more ? acc[o] : 0) + the sum of value * code o of the
 * value's row, modulo 2^32, for o below n, 1 <= n <= 64. May write
 * words up to the next multiple of 8 (u2: 16) as well.
 */
typedef void spkl_sum_list_fn(int32_t *acc, struct spkl_list *list, size_t n,
                              bool more);

spkl_sum_list_fn spkl_sum_list_u8_s32;
spkl_sum_list_fn spkl_sum_list_u4_s32;
spkl_sum_list_fn spkl_sum_list_u2_s32;

/* How sums become outputs. */
struct spkl_outputs {
    const void *channels; /* records: of channels, of scale_s8 of dense */
    int32_t offset;       /* is added to every sum, modulo 2^32 */
    int32_t out_zero;
    int32_t act_min;
    int32_t act_max;
    uint32_t near; /* 1: |bias + sum + offset| < 2^30 of all channels */
};

/*
 * out[o] = clamp(out_zero + requantise(channels[o].bias + acc[o] + offset)),
 * for o below n, 1 <= n. Sums are modulo 2^32.
 */
typedef void spkl_requantise_fn(int8_t *out, const int32_t *acc, size_t n,
                                const struct spkl_outputs *how);

spkl_requantise_fn spkl_requantise_any_s8;
/* Where out_zero = act_min = -128, act_max = 127, and every channel has a shift
 * below 0 or the multiplier 0. */
spkl_requantise_fn spkl_requantise_relu_s8;
/* Where act_min = -128, act_max = 127, `near`, and shifts as before. */
spkl_requantise_fn spkl_requantise_full_s8;

/* The same with graded 1.6: channels are struct spkl_dense_record. */
spkl_requantise_fn spkl_scale_s8;

/* The kernel that is right for n channels whose |sum + offset| <= bound. */
spkl_requantise_fn *spkl_choose_requantise(struct spkl_outputs *how, size_t n,
                                           int64_t bound);

/*
 * Run a layer of kind conv s8 that has one group, weights of 8 bits and a
 * dilation of 1, if the core has a faster way for it than lists. `how` has all
 * fields but `offset`; the layer has `room` bytes of scratch.
 *
 * Returns whether it did.
 */
struct spkl_layer;
bool spkl_whole_conv_s8(const struct spkl_layer *layer,
                        const struct spkl_outputs *how, size_t room);

/*
 * acc[o] = sum of weights[o][i] * (in[i] - zero), o below `outputs`, modulo
 * 2^32. Rows of weights are padded with 0 to a multiple of 4.
 */
void spkl_dot_rows_s8_s32(int32_t *acc, const int8_t *in, const int8_t *weights,
                          const struct spkl_dot_parameters *p);

/* Where a tap of a depthwise layer finds channel 0: at the input, and in the
 * weights. */
struct spkl_tap {
    const int8_t *in;
    const int8_t *weights;
};

struct spkl_taps {
    const struct spkl_tap *taps;
    uint32_t n_taps;
    uint32_t first; /* output channel of acc[0] */
    uint32_t n;     /* output channels */
    int32_t zero;
    uint32_t times; /* output channels of an input channel */
    uint32_t more;  /* 1: sums go on */
};

/* acc[i] = (more ? acc[i] : 0) + the sum over taps of weights[o] * (in[o] -
 * zero), o = first + i, modulo 2^32; `times` is 1. May write words up to the
 * next multiple of 4, and read bytes up to the next words. */
void spkl_sum_taps_s8_s32(int32_t *acc, const struct spkl_taps *t);
/* The same with in[o / times]. */
void spkl_sum_taps_times_s8_s32(int32_t *acc, const struct spkl_taps *t);

/*
 * A row of the output of a depthwise layer with kernels of 3 x 3, for some
 * channels; outputs are as of spkl_requantise_relu_s8 with `near`. Assembly
 * knows the order of the fields.
 */
struct spkl_sweep {
    const int8_t *in; /* first channel of the first of three rows */
    int8_t *out;      /* first channel of the row */
    uint32_t row;     /* bytes from a row of the input to the next */
    uint32_t step;    /* bytes from a column to the next */
    uint32_t n;       /* channels */
    uint32_t whole;   /* outputs that have all columns or lack the left one */
    uint32_t left;    /* 1: the first output lacks its left column */
    uint32_t right;   /* 1: one more output lacks its right column */
    int32_t down;     /* row ky of the kernel meets row ky + down of the three;
                       * -1: the first lies outside the map, 1: the last */
    uint32_t stride;  /* of columns, 1 or 2 */
    int32_t zero;     /* of the input */
    const struct spkl_channel_record *channels; /* of the first channel */
    const int8_t *weights;                      /* [3][3][step], the same */
    uint32_t *kept; /* SPKL_DEPTHWISE_ROOM bytes: what prepare keeps */
};

/* Keep what rows need of at most SPKL_CONV_BLOCK channels. */
void spkl_prepare_3x3_s8(const struct spkl_sweep *s);
void spkl_sweep_3x3_s8(const struct spkl_sweep *s);

#endif
