/* Blocks of neurons that rest. A block rests when a tick without input would
 * change none of its words and fire none of its neurons: then nothing is lost
 * when it is left out until an event comes for it. */
#include "parts.h"

enum { WORD = 32 };

int spkl_place_blocks(struct spkl_walk *walk,
                      const struct spkl_population_record *record,
                      struct spkl_population *p)
{
    struct spkl_blocks blocks;
    uint8_t *each = blocks.each;

    if (record->block < 3 || record->block > 12) {
        return SPKL_ERR_IMAGE_POPULATION;
    }
    blocks.tick = NULL;
    blocks.shift = record->block;
    blocks.n = (p->lif.n - 1) / (UINT32_C(1) << blocks.shift) + 1;
    blocks.touched =
        (void *)spkl_sums_behind(walk, p, 0, (blocks.n + WORD - 1) / WORD);
    blocks.rests = (void *)walk->state;
    walk->state += spkl_room(4 * ((blocks.n + WORD - 1) / WORD));
    for (unsigned id = 0; id < SPKL_N_PARAMETERS; id++) {
        if ((record->per_neuron >> id & 1u) != 0) {
            *each++ = (uint8_t)id;
        }
    }
    blocks.n_each = (uint8_t)(each - blocks.each);
    p->tick = spkl_tick_blocks;
    p->more = spkl_keep(walk, &blocks, sizeof blocks);
    return SPKL_OK;
}

void spkl_touch_all(const struct spkl_population *p)
{
    const struct spkl_blocks *blocks = p->more;

    for (uint32_t i = 0; blocks != NULL && i < blocks->n; i += WORD) {
        blocks->touched[i / WORD] = UINT32_MAX;
    }
}

/* Let `part` be the n neurons from `first` on. */
static void cut(struct spkl_blocks *blocks, const struct spkl_lif *p,
                uint32_t first, uint32_t n)
{
    const struct spkl_param *from = &p->decay_v;
    struct spkl_lif *part = &blocks->part;
    struct spkl_param *to = &part->decay_v;
    const uint8_t *id = blocks->each;

    part->n = n;
    part->in = p->in + first;
    part->v = p->v + first;
    if (blocks->at_once == 0) {
        part->u = p->u + first;
        part->a = p->a + first;
        part->r = p->r + first;
    }
    for (const uint8_t *end = id + blocks->n_each; id != end; id++) {
        to[*id].at = from[*id].at + first;
    }
}

/* Update n blocks from `first` on, which are the bits `mask` of a word. Returns
 * the number of neurons that fired, which are written behind `all` others. */
static size_t update(struct spkl_blocks *blocks, const struct spkl_lif *p,
                     uint32_t first, uint32_t n, uint32_t mask, size_t all,
                     bool *changed)
{
    uint32_t word = first / WORD;
    uint32_t neuron = first << blocks->shift;
    uint32_t left = p->n - neuron;
    uint32_t size = n << blocks->shift;
    uint16_t *fired = p->fired + all;
    bool differs[2] = {false, true};
    bool rests;
    size_t n_fired;

    cut(blocks, p, neuron, size < left ? size : left);
    blocks->part.fired = fired;
    if (p->values != NULL) {
        blocks->part.values = p->values + all;
    }
    n_fired = blocks->tick(&blocks->part, differs);
    for (size_t k = 0; k < n_fired; k++) {
        fired[k] = (uint16_t)(fired[k] + neuron);
    }
    *changed = *changed || differs[0];
    rests = !differs[1] || (!differs[0] && n_fired == 0 &&
                            (blocks->touched[word] & mask) == 0);
    blocks->rests[word] |= mask;
    if (rests == (blocks->flip != 0)) {
        blocks->rests[word] ^= mask;
    }
    return n_fired;
}

/* The blocks of a word that events touched or that do not rest. */
static uint32_t awake_of(const struct spkl_blocks *blocks, uint32_t first)
{
    uint32_t left = blocks->n - first;
    uint32_t there = left < WORD ? (UINT32_C(1) << left) - 1 : UINT32_MAX;

    return (blocks->touched[first / WORD] |
            ~(blocks->rests[first / WORD] ^ blocks->flip)) &
           there;
}

size_t spkl_tick_blocks(const struct spkl_lif *lif, bool *changed)
{
    const struct spkl_population *p =
        (const void *)((const uint8_t *)lif -
                       offsetof(struct spkl_population, lif));
    struct spkl_blocks *blocks = p->more;
    size_t all = 0;

    *changed = false;
    for (uint32_t first = 0; first < blocks->n; first += WORD) {
        uint32_t awake = awake_of(blocks, first);

        while (awake != 0) {
            uint32_t i = spkl_lowest_bit(awake);
            uint32_t behind = ~(awake >> i);
            uint32_t n = behind != 0 ? spkl_lowest_bit(behind) : WORD;
            uint32_t mask;

            if (blocks->at_once == 0) {
                n = 1;
            }
            mask = UINT32_MAX >> (WORD - n) << i;
            all += update(blocks, lif, first + i, n, mask, all, changed);
            awake &= ~mask;
        }
        blocks->touched[first / WORD] = 0;
    }
    return all;
}
