/* Lists of the kernel sets ref and host. An entry: how large the value is, and
 * the number of its row. */
#ifndef SPKL_REF_LIST_H
#define SPKL_REF_LIST_H

#include "spkl_code.h"
#include "spkl_compiler.h"
#include "spkl_conv_s8.h"

struct SPKL_RECORD spkl_entry {
    uint32_t size;
    uint32_t row;
};

static inline struct spkl_entry *spkl_entry_at(uint8_t *place)
{
    return (struct spkl_entry *)(void *)place;
}

/* spkl_list_inputs_fn, for any zero point. */
static inline size_t spkl_list_any(struct spkl_list *list, const int8_t *in,
                                   size_t n, const uint8_t *row)
{
    uint32_t number = (uint32_t)(row - list->rows) / list->row_size;
    size_t i;

    for (i = 0; i < n && list->next != list->below; i++) {
        int32_t x = in[i] - list->zero;
        struct spkl_entry entry = {(uint32_t)x, number + (uint32_t)i};

        list->sum = (int32_t)((uint32_t)list->sum + (uint32_t)x);
        if (x > 0) {
            *spkl_entry_at(list->next) = entry;
            list->next += sizeof entry;
        } else if (x < 0) {
            entry.size = 0u - entry.size;
            list->below -= sizeof entry;
            *spkl_entry_at(list->below) = entry;
        }
    }
    return i;
}

/* The sum of size * code o over entries. */
static inline uint32_t spkl_sum_entries(const struct spkl_entry *entry,
                                        const struct spkl_entry *end,
                                        const struct spkl_list *list,
                                        uint32_t layout, size_t o)
{
    uint32_t sum = 0;

    for (; entry != end; entry++) {
        const uint8_t *row = list->rows + (size_t)entry->row * list->row_size;

        sum += entry->size * spkl_code(row, layout, (uint32_t)o);
    }
    return sum;
}

/* spkl_sum_list_fn, for a layout of spkl_code.h. */
static inline void spkl_sum_any_list(int32_t *acc, struct spkl_list *list,
                                     size_t n, bool more, uint32_t layout)
{
    const struct spkl_entry *above = spkl_entry_at(list->begin);
    const struct spkl_entry *next = spkl_entry_at(list->next);
    const struct spkl_entry *below = spkl_entry_at(list->below);
    const struct spkl_entry *end = spkl_entry_at(list->end);

    for (size_t o = 0; o < n; o++) {
        uint32_t sum = more ? (uint32_t)acc[o] : 0;

        sum += spkl_sum_entries(above, next, list, layout, o);
        sum -= spkl_sum_entries(below, end, list, layout, o);
        acc[o] = (int32_t)sum;
    }
}

#endif
