/*
 * How convolutions and fully connected layers of int8 make an output pixel: its
 * inputs that are not zero are listed, and the list is summed for a block of
 * output channels at a time. Where it would overflow it is summed into the
 * pixel's sums and emptied. Weights: graded 4.7.
 *
 * A pixel's inputs are all listed or summed before it is written (graded 5).
 */
#ifndef SPKL_LISTED_H
#define SPKL_LISTED_H

#include "spkl_conv_s8.h"
#include "spkl_layers.h"

struct spkl_listed {
    struct spkl_list list;
    spkl_list_inputs_fn *list_inputs;
    spkl_sum_list_fn *sum_list;
    spkl_requantise_fn *requantise;
    struct spkl_outputs how;
    uint32_t channel_size; /* bytes of a record of a channel */
    int32_t *sums;
    const uint8_t *weights; /* of the group */
    uint32_t inputs;        /* of a pixel and group */
    uint32_t out_channels;  /* of a group */
    uint32_t first_row;     /* bytes of a row of the first block */
    uint32_t bits;
    bool has_sums; /* there are sums of this pixel and group already */
};

/* Channels of the block that begins at channel `at`, of n of a group. */
static inline uint32_t spkl_block(uint32_t n, uint32_t at)
{
    return n - at < SPKL_CONV_BLOCK ? n - at : SPKL_CONV_BLOCK;
}

/* Bytes of a row of a block of n channels. */
static inline uint32_t spkl_row_size(uint32_t n, uint32_t bits)
{
    uint32_t to = bits == 2 ? 15 : 7;

    return ((n + to) & ~to) * bits / 8;
}

/* Bytes that a list of so many inputs may take, a multiple of 8. */
static inline uint64_t spkl_list_most(uint64_t inputs, int32_t in_zero)
{
    return inputs * (in_zero == -128 ? SPKL_LIST_INPUT : 2 * SPKL_LIST_INPUT) +
           SPKL_LIST_MORE;
}

/* Bytes of the entries of such a list. */
static inline uint32_t spkl_list_room(uint64_t inputs, int32_t in_zero)
{
    uint64_t room = spkl_list_most(inputs, in_zero);

    return room < SPKL_LIST_MAX ? (uint32_t)room : SPKL_LIST_MAX;
}

/* Whether sums of all channels of a pixel are kept: its list may be too short,
 * or its groups are listed one after the other. */
static inline bool spkl_keeps_sums(uint64_t inputs, int32_t in_zero,
                                   int32_t groups)
{
    return spkl_list_most(inputs, in_zero) > SPKL_LIST_MAX || groups > 1;
}

/* Words for sums; a block's may end up to 15 words behind its channels. */
static inline uint32_t spkl_sums_room(uint64_t inputs, int32_t in_zero,
                                      int32_t groups, uint32_t out_channels)
{
    if (spkl_keeps_sums(inputs, in_zero, groups)) {
        return out_channels + 16;
    }
    return (spkl_block(out_channels, 0) + 15) & ~UINT32_C(15);
}

/* Whether weights of all groups are there, and their padding is the weight 0.
 */
bool spkl_are_rows(const struct spkl_layer *layer, uint64_t n_rows,
                   uint32_t channels, uint32_t groups, uint32_t bits);

/* The kernels for a zero point, and for weights of so many bits. */
static inline spkl_list_inputs_fn *spkl_list_inputs_of(int32_t in_zero)
{
    return in_zero == -128 ? spkl_list_above_s8 : spkl_list_signed_s8;
}

spkl_sum_list_fn *spkl_sum_list_of(uint32_t bits);

/* Bytes of scratch. */
uint32_t spkl_listed_room(uint64_t inputs, int32_t in_zero, int32_t groups,
                          uint32_t out_channels);

/* Of a layer with `bits`, `how`, `channel_size`, `inputs`, `out_channels` and
 * `requantise`: take scratch and weights into use. */
void spkl_listed_start(struct spkl_listed *l, const struct spkl_layer *layer,
                       int32_t in_zero);

/* Begin to list for the group's first block. */
static inline void spkl_listed_clear(struct spkl_listed *l)
{
    l->list.rows = l->weights;
    l->list.row_size = l->first_row;
    spkl_list_clear(&l->list);
}

/* Begin a pixel, or a group of one. */
static inline void spkl_listed_begin(struct spkl_listed *l)
{
    spkl_listed_clear(l);
    l->list.sum = 0;
    l->has_sums = false;
}

/* Inputs that a full list did not take. */
void spkl_listed_take_more(struct spkl_listed *l, int32_t *sums,
                           const int8_t *in, uint32_t n, const uint8_t *row);

/* List inputs whose rows follow each other, for the sums of the group. */
static inline void spkl_listed_take(struct spkl_listed *l, int32_t *sums,
                                    const int8_t *in, uint32_t n,
                                    const uint8_t *row)
{
    uint32_t took = (uint32_t)l->list_inputs(&l->list, in, n, row);

    if (took != n) {
        spkl_listed_take_more(l, sums, in + took, n - took,
                              row + (size_t)took * l->first_row);
    }
}

/* What makes of sums of codes sums of weights. */
static inline uint32_t spkl_listed_offset(const struct spkl_listed *l)
{
    return 0u - ((uint32_t)l->list.sum << (l->bits - 1));
}

/* A pixel of several blocks, or with sums of its own. */
void spkl_listed_write_more(struct spkl_listed *l, int8_t *out);

/* Write a pixel whose only group was listed. */
static inline void spkl_listed_write(struct spkl_listed *l, int8_t *out)
{
    l->how.offset = (int32_t)spkl_listed_offset(l);
    if (l->has_sums || l->out_channels > SPKL_CONV_BLOCK) {
        spkl_listed_write_more(l, out);
        return;
    }
    l->sum_list(l->sums, &l->list, l->out_channels, false);
    l->requantise(out, l->sums, l->out_channels, &l->how);
}

/* Sums of weights of a group that was listed; then go on to the next group. */
void spkl_listed_sum_group(struct spkl_listed *l, int32_t *sums);

#endif
