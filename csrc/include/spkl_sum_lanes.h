/* Sums of lists of spkl_lanes.h, by blocks of eight channels. */
#ifndef SPKL_SUM_LANES_H
#define SPKL_SUM_LANES_H

#include "spkl_lanes.h"

#define SPKL_LANES 0x00FF00FFu

static inline const struct spkl_word *
spkl_lane_words(const struct spkl_lane_entry *entry, uintptr_t at)
{
    return (const struct spkl_word *)(at + entry->row);
}

/* A group: bytes of two words at `at` of each row. Returns what ends it. */
static inline const struct spkl_lane_entry *
spkl_sum_byte_group(int32_t *acc, const struct spkl_lane_entry *entry,
                    uintptr_t at, bool minus)
{
    uint32_t all0 = 0, odd0 = 0, all1 = 0, odd1 = 0;

    for (; entry->size != 0; entry += 2) {
        for (unsigned i = 0; i < 2; i++) {
            const struct spkl_word *words = spkl_lane_words(entry + i, at);
            uint32_t size = entry[i].size;

            all0 += words[0].word * size;
            odd0 += (words[0].word >> 8 & SPKL_LANES) * size;
            all1 += words[1].word * size;
            odd1 += (words[1].word >> 8 & SPKL_LANES) * size;
        }
    }
    spkl_widen_lanes(acc, all0 - (odd0 << 8), odd0, minus);
    spkl_widen_lanes(acc + 4, all1 - (odd1 << 8), odd1, minus);
    return entry;
}

/* The same with four words, for cores that have the registers. */
static inline const struct spkl_lane_entry *
spkl_sum_wide_group(int32_t *acc, const struct spkl_lane_entry *entry,
                    uintptr_t at, bool minus)
{
    uint32_t all0 = 0, odd0 = 0, all1 = 0, odd1 = 0;
    uint32_t all2 = 0, odd2 = 0, all3 = 0, odd3 = 0;

    for (; entry->size != 0; entry += 2) {
        for (unsigned i = 0; i < 2; i++) {
            const struct spkl_word *words = spkl_lane_words(entry + i, at);
            uint32_t size = entry[i].size;

            all0 += words[0].word * size;
            odd0 += (words[0].word >> 8 & SPKL_LANES) * size;
            all1 += words[1].word * size;
            odd1 += (words[1].word >> 8 & SPKL_LANES) * size;
            all2 += words[2].word * size;
            odd2 += (words[2].word >> 8 & SPKL_LANES) * size;
            all3 += words[3].word * size;
            odd3 += (words[3].word >> 8 & SPKL_LANES) * size;
        }
    }
    spkl_widen_lanes(acc, all0 - (odd0 << 8), odd0, minus);
    spkl_widen_lanes(acc + 4, all1 - (odd1 << 8), odd1, minus);
    spkl_widen_lanes(acc + 8, all2 - (odd2 << 8), odd2, minus);
    spkl_widen_lanes(acc + 12, all3 - (odd3 << 8), odd3, minus);
    return entry;
}

/* Add an entry to sums of codes of `bits` bits at four places from `shift` on
 * of a word; those of a place are 16 bits apart. */
static inline void spkl_add_codes(uint32_t sums[4],
                                  const struct spkl_lane_entry *entry,
                                  uintptr_t at, uint32_t bits, uint32_t shift)
{
    uint32_t mask = bits == 4 ? 0x000F000Fu : 0x00030003u;
    uint32_t word = spkl_lane_words(entry, at)->word >> shift;

    sums[0] += (word & mask) * entry->size;
    sums[1] += (word >> bits & mask) * entry->size;
    sums[2] += (word >> 2 * bits & mask) * entry->size;
    sums[3] += (word >> 3 * bits & mask) * entry->size;
}

/* acc has the code of the first place. */
static inline void spkl_widen_codes(int32_t *acc, const uint32_t sums[4],
                                    bool minus, uint32_t bits)
{
    spkl_widen_lanes(acc, (sums[0] & 0xFFFFu) | sums[2] << 16,
                     (sums[1] & 0xFFFFu) | sums[3] << 16, minus);
    acc += 16 / bits;
    spkl_widen_lanes(acc, sums[0] >> 16 | (sums[2] & 0xFFFF0000u),
                     sums[1] >> 16 | (sums[3] & 0xFFFF0000u), minus);
}

/* A group. Returns what ends it. */
static inline const struct spkl_lane_entry *
spkl_sum_code_group(int32_t *acc, const struct spkl_lane_entry *entry,
                    uintptr_t at, bool minus, uint32_t bits, uint32_t shift)
{
    uint32_t sums[4] = {0, 0, 0, 0};

    for (; entry->size != 0; entry += 2) {
        spkl_add_codes(sums, entry, at, bits, shift);
        spkl_add_codes(sums, entry + 1, at, bits, shift);
    }
    spkl_widen_codes(acc, sums, minus, bits);
    return entry;
}

static inline void spkl_clear_sums(int32_t *acc, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        acc[i] = 0;
    }
}

/* spkl_sum_list_fn of bytes; rows are told from `base` on, `pad` is one. */
static inline void spkl_sum_byte_lanes(int32_t *acc, struct spkl_list *list,
                                       size_t n, bool more, uintptr_t base,
                                       uint32_t pad)
{
    const struct spkl_lane_entry *lists[2];
    unsigned n_lists = spkl_lane_lists(list, lists);

    spkl_end_lanes(list, list->zero != -128, pad);
    if (!more) {
        spkl_clear_sums(acc, (n + 7) & ~(size_t)7);
    }
    for (size_t o = 0; o < n;) {
        bool wide = n - o > 8;

        for (unsigned i = 0; i < n_lists; i++) {
            const struct spkl_lane_entry *entry = lists[i];

            do {
                if (wide && i == 0) {
                    entry = spkl_sum_wide_group(acc, entry, base, false);
                } else if (wide) {
                    entry = spkl_sum_wide_group(acc, entry, base, true);
                } else {
                    entry = spkl_sum_byte_group(acc, entry, base, i != 0);
                }
            } while (entry++->row != SPKL_LANES_END);
        }
        o += wide ? 16 : 8;
        acc += wide ? 16 : 8;
        base += wide ? 16 : 8;
    }
}

/* The same of codes of 4 and 2 bits. */
static inline void spkl_sum_code_lanes(int32_t *acc, struct spkl_list *list,
                                       size_t n, bool more, uint32_t bits,
                                       uintptr_t base, uint32_t pad)
{
    const struct spkl_lane_entry *lists[2];
    unsigned n_lists = spkl_lane_lists(list, lists);
    size_t codes = 32 / bits;

    spkl_end_lanes(list, list->zero != -128, pad);
    for (size_t o = 0; o < n; o += codes, acc += codes, base += 4) {
        if (!more) {
            spkl_clear_sums(acc, codes);
        }
        for (unsigned i = 0; i < n_lists; i++) {
            const struct spkl_lane_entry *entry = lists[i];
            const struct spkl_lane_entry *end;

            do {
                for (uint32_t shift = 0; shift < 16; shift += 4 * bits) {
                    end = spkl_sum_code_group(acc + shift / bits, entry, base,
                                              i != 0, bits, shift);
                }
                entry = end + 1;
            } while (end->row != SPKL_LANES_END);
        }
    }
}

#endif
