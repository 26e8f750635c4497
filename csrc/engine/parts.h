/*
 * Tables beside the net's, of projections and populations that need more than
 * their entries. They lie at the end of the arena.
 */
#ifndef SPKL_PARTS_H
#define SPKL_PARTS_H

#include "map.h"

/* Dense rows. */
struct spkl_rows {
    const struct spkl_map *map; /* &own, or NULL */
    struct spkl_map own;
    spkl_add_rows_fn *add;
    uint32_t layout;
    uint32_t room; /* of the list, for events of this source */
};

/* Sparse rows. */
struct spkl_sparse {
    const struct spkl_map *map; /* &own, or NULL */
    struct spkl_map own;
    const uint32_t *start; /* [rows + 1] bytes from q->weights on */
    uint32_t *touched;     /* of the target's blocks, or &nothing */
    uint32_t shift;
    bool look; /* there are blocks, or pairs of weight 0 */
    uint32_t nothing;
};

/* Sparse rows in blocks of four. */
struct spkl_sparse4 {
    struct spkl_sparse rows; /* `look`: blocks of zeros, too */
    struct spkl_blocks4 blocks;
};

/* Sums that wait for their ticks. */
struct spkl_late {
    struct spkl_projection inner; /* without delays */
    const int32_t *delays;
    int32_t *sums;   /* scratch: [n], 0 between ticks */
    int32_t *ring;   /* [ticks][n] */
    uint32_t *place; /* [2]: of this tick; ticks until the ring is empty */
    uint32_t ticks;
};

/* Blocks of a population that rest together: a bit each in the state, and of
 * the touched ones in the scratch. */
struct spkl_blocks {
    uint32_t *touched;
    uint32_t *rests;
    spkl_lif_tick_fn *tick;
    uint32_t shift; /* neurons of a block, as a power of 2 */
    uint32_t n;
    uint32_t at_once; /* not 0: tick says itself what rests */
    uint32_t flip;    /* all bits set: all rest at first, a bit in `rests` says
                       * that one does not */
    struct spkl_lif part;            /* some blocks, as a population */
    uint8_t n_each;                  /* parameters that are one each */
    uint8_t each[SPKL_N_PARAMETERS]; /* their ids */
};

/* The ring of a delay line. */
struct spkl_line {
    void *slots;     /* int16_t [ticks][n]; without values words of bits */
    uint32_t *place; /* [2]: of this tick; values that wait */
    uint32_t ticks;
    uint32_t words; /* of a slot of bits */
};

/* Whether a population is a delay line: what the others have in v, it has not.
 */
static inline bool spkl_is_line(const struct spkl_population *p)
{
    return p->lif.v == p->lif.in;
}

/* Set the bits from `first` to `last`. */
static inline void spkl_set_bits(uint32_t *words, uint32_t first, uint32_t last)
{
    uint32_t *word = words + first / 32;
    const uint32_t *end = words + last / 32;
    uint32_t bits = UINT32_MAX << first % 32;

    while (word != end) {
        *word++ |= bits;
        bits = UINT32_MAX;
    }
    *word |= bits & UINT32_MAX >> (31 - last % 32);
}

/* blocks.c: an event came for all neurons. */
void spkl_touch_all(const struct spkl_population *p);

/* rows.c: whether the codes of rows behind their n-th are padding. */
bool spkl_is_padded(const uint8_t *row, uint32_t rows, uint32_t n,
                    uint32_t stride, uint32_t layout);

/* rows.c: bytes of a row of n codes. */
uint32_t spkl_stride_of(uint32_t n, uint32_t layout);

#endif
