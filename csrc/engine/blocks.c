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
    blocks.touched = (void *)spkl_sums_behind(walk, p, 0, (blocks.n + 3) / 4);
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

    for (uint32_t i = 0; blocks != NULL && i < blocks->n; i++) {
        blocks->touched[i] = 1;
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

/* Update the blocks from i to j - 1; returns the number of neurons that fired,
 * which are written behind `all` others. */
static size_t update(struct spkl_blocks *blocks, const struct spkl_lif *p,
                     uint32_t i, uint32_t j, size_t all, bool *changed)
{
    uint32_t first = i << blocks->shift;
    uint32_t end = j << blocks->shift;
    uint16_t *fired = p->fired + all;
    bool differs[2] = {false, true};
    bool rests;
    size_t n;

    cut(blocks, p, first, (end < p->n ? end : p->n) - first);
    blocks->part.fired = fired;
    if (p->values != NULL) {
        blocks->part.values = p->values + all;
    }
    n = blocks->tick(&blocks->part, differs);
    for (size_t k = 0; k < n; k++) {
        fired[k] = (uint16_t)(fired[k] + first);
    }
    *changed = *changed || differs[0];
    rests = !differs[1] || (!differs[0] && n == 0 && blocks->touched[i] == 0);
    for (; i < j; i++) {
        uint32_t *word = &blocks->rests[i / WORD];
        uint32_t bit = UINT32_C(1) << i % WORD;

        *word = rests != (blocks->flip != 0) ? *word | bit : *word & ~bit;
        blocks->touched[i] = 0;
    }
    return n;
}

static bool is_still(const struct spkl_blocks *blocks, uint32_t i)
{
    return blocks->touched[i] == 0 &&
           ((blocks->rests[i / WORD] ^ blocks->flip) >> i % WORD & 1u) != 0;
}

/* Whether the block i and the three behind it are still. */
static bool are_still(const struct spkl_blocks *blocks, uint32_t i)
{
    const struct spkl_word *touched = (const void *)(blocks->touched + i);

    return touched->word == 0 &&
           (~(blocks->rests[i / WORD] ^ blocks->flip) >> i % WORD & 0xFu) == 0;
}

size_t spkl_tick_blocks(const struct spkl_lif *lif, bool *changed)
{
    const struct spkl_population *p =
        (const void *)((const uint8_t *)lif -
                       offsetof(struct spkl_population, lif));
    struct spkl_blocks *blocks = p->more;
    uint32_t n = blocks->n;
    uint32_t i = 0;
    size_t all = 0;

    *changed = false;
    while (i < n) {
        uint32_t j = i + 1;

        if (i % 4 == 0 && are_still(blocks, i)) {
            i += 4;
            continue;
        }
        if (!is_still(blocks, i)) {
            while (blocks->at_once != 0 && j < n && !is_still(blocks, j)) {
                j++;
            }
            all += update(blocks, lif, i, j, all, changed);
        }
        i = j;
    }
    return all;
}
