/* Lists of inputs, block by block. */
#include "listed.h"

uint32_t spkl_listed_room(uint64_t inputs, int32_t in_zero, int32_t groups,
                          uint32_t out_channels)
{
    return spkl_list_room(inputs, in_zero) + SPKL_LIST_SPARE +
           spkl_sums_room(inputs, in_zero, groups, out_channels) *
               (uint32_t)sizeof(int32_t);
}

spkl_sum_list_fn *spkl_sum_list_of(uint32_t bits)
{
    static spkl_sum_list_fn *const sum_lists[] = {
        spkl_sum_list_u2_s32, spkl_sum_list_u4_s32, spkl_sum_list_u8_s32};

    return sum_lists[bits >> 2];
}

void spkl_listed_start(struct spkl_listed *l, const struct spkl_layer *layer,
                       int32_t in_zero)
{
    uint8_t *scratch = layer->scratch;

    l->weights = layer->weights;
    l->first_row = spkl_row_size(spkl_block(l->out_channels, 0), l->bits);
    l->list.zero = in_zero;
    l->list.begin = scratch;
    l->list.end = scratch + spkl_list_room(l->inputs, in_zero);
    l->sums = (int32_t *)(void *)(l->list.end + SPKL_LIST_SPARE);
    l->list_inputs = spkl_list_inputs_of(in_zero);
    l->sum_list = spkl_sum_list_of(l->bits);
}

/* Go on to the next block, which has n channels. */
static void move_on(struct spkl_listed *l, uint32_t n)
{
    spkl_list_move(&l->list,
                   l->list.rows + (size_t)l->inputs * l->list.row_size,
                   spkl_row_size(n, l->bits));
}

/* Sum the list into the sums of all channels of the group. */
static void sum_all(struct spkl_listed *l, int32_t *sums)
{
    uint32_t at = 0;

    for (;;) {
        uint32_t n = spkl_block(l->out_channels, at);

        l->sum_list(sums + at, &l->list, n, l->has_sums);
        at += n;
        if (at == l->out_channels) {
            break;
        }
        move_on(l, spkl_block(l->out_channels, at));
    }
    l->has_sums = true;
}

void spkl_listed_take_more(struct spkl_listed *l, int32_t *sums,
                           const int8_t *in, uint32_t n, const uint8_t *row)
{
    while (n > 0) {
        uint32_t took;

        sum_all(l, sums);
        spkl_listed_clear(l);
        took = (uint32_t)l->list_inputs(&l->list, in, n, row);
        in += took;
        row += (size_t)took * l->first_row;
        n -= took;
    }
}

/* Outputs of a pixel that was listed as a whole. */
static void write_blocks(struct spkl_listed *l, int8_t *out)
{
    struct spkl_outputs how = l->how;
    uint32_t at = 0;

    for (;;) {
        uint32_t n = spkl_block(l->out_channels, at);

        l->sum_list(l->sums, &l->list, n, false);
        l->requantise(out + at, l->sums, n, &how);
        at += n;
        if (at == l->out_channels) {
            break;
        }
        how.channels =
            (const uint8_t *)how.channels + (size_t)n * l->channel_size;
        move_on(l, spkl_block(l->out_channels, at));
    }
}

void spkl_listed_write_more(struct spkl_listed *l, int8_t *out)
{
    if (!l->has_sums) {
        write_blocks(l, out);
        return;
    }
    sum_all(l, l->sums);
    l->requantise(out, l->sums, l->out_channels, &l->how);
}

void spkl_listed_sum_group(struct spkl_listed *l, int32_t *sums)
{
    uint32_t offset = spkl_listed_offset(l);

    sum_all(l, sums);
    for (uint32_t o = 0; o < l->out_channels; o++) {
        sums[o] = (int32_t)((uint32_t)sums[o] + offset);
    }
    /* The list leads to the last block. */
    l->weights = l->list.rows + (size_t)l->inputs * l->list.row_size;
}
