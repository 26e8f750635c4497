/*
 * Sums of lists of rows of codes of 4 and 2 bits (kernels armdsp and armv7m):
 * codes of a word that lie 8 bits apart are bytes of a word, which is summed as
 * in spkl_sum_list_thumb2.inc. Codes stay where they are, as 4 bits or 2 of a
 * byte, so that the sums are shifted in the end.
 */
#ifndef SPKL_SUM_CODES_THUMB2_H
#define SPKL_SUM_CODES_THUMB2_H

#include "spkl_compiler.h"
#include "spkl_conv_s8.h"

/* As spkl_list_thumb2.inc makes it. */
struct SPKL_RECORD spkl_entry {
    uint32_t size;
    const uint8_t *row;
};

/* Sums of four codes of a byte each, 24 and 40 bits apart in `inner`. */
struct spkl_quad {
    uint64_t whole;
    uint64_t inner;
};

static inline void spkl_add_product(struct spkl_quad *q, uint32_t bytes,
                                    uint32_t size)
{
    uint32_t turned = (bytes >> 16 | bytes << 16) & 0xFF0000FFu;

    q->whole += (uint64_t)bytes * size;
    q->inner += (uint64_t)turned * size;
}

/* Add the four sums, of codes that are 2^shift times as large, to acc. */
static inline void spkl_add_quad(int32_t *acc, uint32_t step,
                                 const struct spkl_quad *q, uint32_t shift,
                                 bool minus)
{
    uint32_t sums[4];
    uint64_t outer;

    sums[2] = (uint32_t)q->inner & 0xFFFFFFu;
    sums[1] = (uint32_t)(q->inner >> 24);
    outer = q->whole - ((uint64_t)sums[1] << 8) - ((uint64_t)sums[2] << 16);
    sums[0] = (uint32_t)outer & 0xFFFFFFu;
    sums[3] = (uint32_t)(outer >> 24);
    for (uint32_t i = 0; i < 4; i++, acc += step) {
        uint32_t sum = sums[i] >> shift;

        *acc = (int32_t)((uint32_t)*acc + (minus ? 0u - sum : sum));
    }
}

/* Two quads of a word at byte `at` of each row: those of the masks. */
static inline void spkl_sum_word(struct spkl_quad quads[2],
                                 const struct spkl_entry *entry,
                                 const struct spkl_entry *end, size_t at,
                                 const uint32_t masks[2])
{
    struct spkl_quad first = {0, 0}, second = {0, 0};

    for (; entry != end; entry++) {
        const struct spkl_word *word =
            (const struct spkl_word *)(const void *)(entry->row + at);

        spkl_add_product(&first, word->word & masks[0], entry->size);
        spkl_add_product(&second, word->word & masks[1], entry->size);
    }
    quads[0] = first;
    quads[1] = second;
}

static inline const struct spkl_entry *spkl_entry_at(const uint8_t *place)
{
    return (const struct spkl_entry *)(const void *)place;
}

/* spkl_sum_list_fn for `bits` 4 or 2. A word has 8 / bits quads, of which two
 * are summed at a time. */
static inline void spkl_sum_codes(int32_t *acc, const struct spkl_list *list,
                                  size_t n, bool more, uint32_t bits)
{
    const uint8_t *begins[] = {list->begin, list->below};
    const uint8_t *ends[] = {list->next, list->end};
    uint32_t quads = 8 / bits;
    uint32_t mask = bits == 4 ? 0x0F0F0F0Fu : 0x03030303u;

    for (size_t o = 0; o < n; o += 4 * quads, acc += 4 * quads) {
        for (uint32_t i = 0; !more && i < 4 * quads; i++) {
            acc[i] = 0;
        }
        for (uint32_t quad = 0; quad < quads; quad += 2) {
            const uint32_t masks[] = {mask << quad * bits,
                                      mask << (quad + 1) * bits};

            for (unsigned side = 0; side < 2; side++) {
                struct spkl_quad sums[2];

                if (begins[side] == ends[side]) {
                    continue;
                }
                spkl_sum_word(sums, spkl_entry_at(begins[side]),
                              spkl_entry_at(ends[side]), o * bits / 8, masks);
                spkl_add_quad(acc + quad, quads, &sums[0], quad * bits,
                              side != 0);
                spkl_add_quad(acc + quad + 1, quads, &sums[1],
                              (quad + 1) * bits, side != 0);
            }
        }
    }
}

#endif
