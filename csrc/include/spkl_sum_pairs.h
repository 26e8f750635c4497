/*
 * Sums of codes of 4 and 2 bits of the lists of armv6m (list_above_s8.S,
 * list_signed_s8.S): groups, where no value is below 0, and entries whose
 * values may be of any size.
 */
#ifndef SPKL_SUM_PAIRS_H
#define SPKL_SUM_PAIRS_H

#include "spkl_sum_lanes.h"

/* Entries of any size that lanes of 16 bits hold: 16 * 255 * 15 < 2^16. */
enum { SPKL_RUN = 16 };

/* Entries from `entry` up to `end`: codes of a word at `at` of each row. */
static inline void spkl_sum_code_run(int32_t *acc, const uint8_t *from,
                                     const uint8_t *to, uintptr_t at,
                                     bool minus, uint32_t bits, uint32_t shift)
{
    const struct spkl_lane_entry *entry =
        (const struct spkl_lane_entry *)(const void *)from;
    size_t left = (size_t)(to - from) / sizeof *entry;

    while (left > 0) {
        uint32_t sums[4] = {0, 0, 0, 0};
        size_t some = left < SPKL_RUN ? left : SPKL_RUN;

        left -= some;
        for (; some > 0; some--, entry++) {
            spkl_add_codes(sums, entry, at, bits, shift);
        }
        spkl_widen_codes(acc, sums, minus, bits);
    }
}

/* The groups: codes of a word at `at` of each row. */
static inline void spkl_sum_code_groups(int32_t *acc,
                                        const struct spkl_list *list,
                                        uintptr_t at, uint32_t bits)
{
    const struct spkl_lane_entry *entry = spkl_lane_at(list->begin);
    const struct spkl_lane_entry *end;

    do {
        for (uint32_t shift = 0; shift < 16; shift += 4 * bits) {
            end = spkl_sum_code_group(acc + shift / bits, entry, at, false,
                                      bits, shift);
        }
        entry = end + 1;
    } while (end->row != SPKL_LANES_END);
}

/* spkl_sum_list_fn of codes; rows are addresses. */
static inline void spkl_sum_code_pairs(int32_t *acc, struct spkl_list *list,
                                       size_t n, bool more, uint32_t bits)
{
    bool is_signed = list->zero != -128;
    size_t codes = 32 / bits;

    if (!is_signed) {
        spkl_end_lanes(list, false, (uint32_t)(uintptr_t)list->rows);
    }
    for (uintptr_t at = 0; at * 8 / bits < n; at += 4, acc += codes) {
        if (!more) {
            spkl_clear_sums(acc, codes);
        }
        if (!is_signed) {
            spkl_sum_code_groups(acc, list, at, bits);
        }
        for (uint32_t shift = 0; shift < 16; shift += 4 * bits) {
            int32_t *to = acc + shift / bits;

            if (is_signed) {
                spkl_sum_code_run(to, list->begin, list->next, at, false, bits,
                                  shift);
            }
            spkl_sum_code_run(to, list->below, list->end, at, is_signed, bits,
                              shift);
        }
    }
}

#endif
