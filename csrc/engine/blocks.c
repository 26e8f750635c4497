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

    if (record->block < 3 || record->block > 12) {
        return SPKL_ERR_IMAGE_POPULATION;
    }
    blocks.tick = NULL;
    blocks.shift = record->block;
    blocks.n = (p->lif.n - 1) / (UINT32_C(1) << blocks.shift) + 1;
    blocks.touched = (void *)spkl_sums_behind(walk, p, 0, (blocks.n + 3) / 4);
    blocks.rests = (void *)walk->state;
    walk->state += spkl_room(4 * ((blocks.n + WORD - 1) / WORD));
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

/* The neurons of p from `first` on, as a population of their own. */
static void cut(struct spkl_lif *part, const struct spkl_lif *p, uint32_t first,
                uint32_t n)
{
    const struct spkl_param *from = &p->decay_v;
    struct spkl_param *to = &part->decay_v;

    part->v = p->v + first;
    part->u = p->u + first;
    part->a = p->a + first;
    part->r = p->r + first;
    part->in = p->in + first;
    part->n = n;
    for (unsigned id = 0; id < SPKL_N_PARAMETERS; id++) {
        to[id].at = from[id].at + first * from[id].step;
    }
}

size_t spkl_tick_blocks(const struct spkl_lif *lif, bool *changed)
{
    const struct spkl_population *p =
        (const void *)((const uint8_t *)lif -
                       offsetof(struct spkl_population, lif));
    const struct spkl_blocks *blocks = p->more;
    struct spkl_lif part = *lif;
    size_t all = 0;

    *changed = false;
    for (uint32_t i = 0; i < blocks->n; i++) {
        uint32_t *rests = &blocks->rests[i / WORD];
        uint32_t bit = UINT32_C(1) << i % WORD;
        uint32_t first = i << blocks->shift;
        uint32_t n = lif->n - first;
        bool differs[2] = {false, true};
        size_t fired;

        if (blocks->touched[i] == 0 && (*rests & bit) != 0) {
            continue;
        }
        if (n > UINT32_C(1) << blocks->shift) {
            n = UINT32_C(1) << blocks->shift;
        }
        cut(&part, lif, first, n);
        part.fired = lif->fired + all;
        part.values = lif->values == NULL ? NULL : lif->values + all;
        fired = blocks->tick(&part, differs);
        for (size_t k = 0; k < fired; k++) {
            part.fired[k] = (uint16_t)(part.fired[k] + first);
        }
        all += fired;
        *changed = *changed || differs[0];
        *rests &= ~bit;
        if (!differs[1] ||
            (!differs[0] && fired == 0 && blocks->touched[i] == 0)) {
            *rests |= bit;
        }
        blocks->touched[i] = 0;
    }
    return all;
}
