/*
 * Lists for cores that multiply words only (kernels packed and armv6m): a word
 * of bytes times a value has sums of two bytes in two lanes of 16 bits, as long
 * as the values of a group of entries add up to at most 257: 257 * 255 < 2^16
 * (docs/explanation/graded-kernels.md, 6).
 *
 * A group is pairs of entries; an odd one ends with an entry of size 0. Behind
 * it is an entry of size 0 whose row tells whether another group follows.
 * Values below 0 have groups of their own, from the middle of the list on. The
 * set armv6m lists large values otherwise, and all values where some may be
 * below 0.
 */
#ifndef SPKL_LANES_H
#define SPKL_LANES_H

#include "spkl_compiler.h"
#include "spkl_conv_s8.h"

enum {
    SPKL_LANES_SUM = 257,
    /* Bytes for another entry, and for what ends two groups. */
    SPKL_LANES_SPARE = 40,
    SPKL_LANES_END = 0,
    SPKL_LANES_MORE = 1
};

/* row: where the row is, from a base on. */
struct SPKL_RECORD spkl_lane_entry {
    uint32_t size;
    uint32_t row;
};

static inline struct spkl_lane_entry *spkl_lane_at(uint8_t *place)
{
    return (struct spkl_lane_entry *)(void *)place;
}

/* Where entries of values below 0 begin. */
static inline uint8_t *spkl_lanes_middle(const struct spkl_list *list)
{
    return list->begin + ((size_t)(list->end - list->begin) / 16) * 8;
}

/* Where entries of one sign lie. */
struct spkl_lanes {
    uint8_t *next;
    uint8_t *end;
    uint8_t *start; /* of the open group */
    uint32_t sum;   /* of the open group */
};

static inline void spkl_put_lane(struct spkl_lanes *l, uint32_t size,
                                 uint32_t row)
{
    struct spkl_lane_entry *entry = spkl_lane_at(l->next);

    entry->size = size;
    entry->row = row;
    l->next += sizeof *entry;
}

/* End the open group; `pad` leads to a row. */
static inline void spkl_close_lanes(struct spkl_lanes *l, uint32_t pad,
                                    uint32_t more)
{
    if (((uintptr_t)(l->next - l->start) & sizeof(struct spkl_lane_entry)) !=
        0) {
        spkl_put_lane(l, 0, pad);
    }
    spkl_put_lane(l, 0, more);
    l->start = l->next;
    l->sum = 0;
}

static inline void spkl_add_lane(struct spkl_lanes *l, uint32_t size,
                                 uint32_t row, uint32_t pad)
{
    if (l->sum + size > SPKL_LANES_SUM) {
        spkl_close_lanes(l, pad, SPKL_LANES_MORE);
    }
    l->sum += size;
    spkl_put_lane(l, size, row);
}

static inline struct spkl_lanes spkl_lanes_above(const struct spkl_list *list,
                                                 bool is_signed)
{
    struct spkl_lanes l = {list->next,
                           is_signed ? spkl_lanes_middle(list) : list->end,
                           list->begin + list->group[2], list->group[0]};

    return l;
}

static inline struct spkl_lanes spkl_lanes_below(const struct spkl_list *list)
{
    uint8_t *middle = spkl_lanes_middle(list);
    struct spkl_lanes l = {list->below == list->end ? middle : list->below,
                           list->end, middle + list->group[3], list->group[1]};

    return l;
}

/* Keep where the next entries go. */
static inline void spkl_keep_lanes(struct spkl_list *list,
                                   const struct spkl_lanes *above,
                                   const struct spkl_lanes *below)
{
    uint8_t *middle = spkl_lanes_middle(list);

    list->next = above->next;
    list->group[0] = above->sum;
    list->group[2] = (uint32_t)(above->start - list->begin);
    if (below->next != middle) {
        list->below = below->next;
        list->group[1] = below->sum;
        list->group[3] = (uint32_t)(below->start - middle);
    }
}

static inline bool spkl_has_room(const struct spkl_lanes *l)
{
    return l->end - l->next >= SPKL_LANES_SPARE;
}

/* As spkl_list_inputs_fn; rows are told from `base` on, `pad` is one. */
static inline size_t spkl_list_lanes(struct spkl_list *list, const int8_t *in,
                                     size_t n, const uint8_t *row,
                                     uintptr_t base, uint32_t pad)
{
    bool is_signed = list->zero != -128;
    struct spkl_lanes above = spkl_lanes_above(list, is_signed);
    struct spkl_lanes below = spkl_lanes_below(list);
    uint32_t at = (uint32_t)((uintptr_t)row - base);
    size_t i;

    for (i = 0; i < n && spkl_has_room(&above) &&
                (!is_signed || spkl_has_room(&below));
         i++) {
        int32_t x = in[i] - list->zero;

        if (x > 0) {
            spkl_add_lane(&above, (uint32_t)x, at, pad);
        } else if (x < 0) {
            spkl_add_lane(&below, (uint32_t)-x, at, pad);
        }
        list->sum = (int32_t)((uint32_t)list->sum + (uint32_t)x);
        at += list->row_size;
    }
    spkl_keep_lanes(list, &above, &below);
    return i;
}

/* Put an end behind the groups; entries may follow in its place. */
static inline void spkl_end_lanes(const struct spkl_list *list, bool is_signed,
                                  uint32_t pad)
{
    struct spkl_lanes above = spkl_lanes_above(list, is_signed);

    spkl_close_lanes(&above, pad, SPKL_LANES_END);
    if (is_signed && list->below != list->end) {
        struct spkl_lanes below = spkl_lanes_below(list);

        spkl_close_lanes(&below, pad, SPKL_LANES_END);
    }
}

/* The lists of groups that there are: of one sign or of both. */
static inline unsigned spkl_lane_lists(const struct spkl_list *list,
                                       const struct spkl_lane_entry *lists[2])
{
    lists[0] = spkl_lane_at(list->begin);
    lists[1] = spkl_lane_at(spkl_lanes_middle(list));
    return list->zero != -128 && list->below != list->end ? 2 : 1;
}

static inline void spkl_add_to(int32_t *acc, uint32_t sum, bool minus)
{
    *acc = (int32_t)((uint32_t)*acc + (minus ? 0u - sum : sum));
}

/* Four sums in lanes are added to words, or subtracted. */
static inline void spkl_widen_lanes(int32_t *acc, uint32_t first,
                                    uint32_t second, bool minus)
{
    spkl_add_to(acc, first & 0xFFFFu, minus);
    spkl_add_to(acc + 1, second & 0xFFFFu, minus);
    spkl_add_to(acc + 2, first >> 16, minus);
    spkl_add_to(acc + 3, second >> 16, minus);
}

#endif
