/* What models need beyond dense rows of bytes: docs/reference/image.md 5. Each
 * part is linked by spkl_parts. */
#include "parts.h"
#include "plain.h"

void *spkl_keep(struct spkl_walk *walk, const void *table, size_t size)
{
    size_t words = (size + sizeof(void *) - 1) / sizeof(void *);
    const uint8_t *from = table;
    uint8_t *to;

    walk->more -= words * sizeof(void *);
    if (walk->real == 0) {
        return NULL;
    }
    to = (void *)walk->more;
    for (size_t i = 0; i < size; i++) {
        to[i] = from[i];
    }
    return to;
}

int32_t *spkl_sums_behind(struct spkl_walk *walk,
                          const struct spkl_population *p, uint32_t before,
                          uint32_t words)
{
    uint32_t at = ((p->lif.n + 3) & ~UINT32_C(3)) + before;

    if (walk->most_sums < at + words) {
        walk->most_sums = at + words;
    }
    return walk->real == 0 ? NULL : walk->net.in + at;
}

int spkl_place_ring(struct spkl_walk *walk, uint32_t ticks, uint32_t bytes)
{
    /* In a dry run the state begins at 0, and nothing else comes near the
     * limit, so that no sum exceeds 2^32. */
    if (ticks > SPKL_IMAGE_STATE_MAX / bytes) {
        return SPKL_ERR_IMAGE_MODEL;
    }
    walk->state += spkl_room(ticks * bytes) + 2 * sizeof(uint32_t);
    return walk->real == 0 && walk->state > SPKL_IMAGE_STATE_MAX
               ? SPKL_ERR_IMAGE_MODEL
               : SPKL_OK;
}

int spkl_build_any(struct spkl_walk *walk,
                   const struct spkl_projection_record *record,
                   struct spkl_projection *q, struct spkl_population *p)
{
    bool late = (record->flags & SPKL_IMAGE_HAS_DELAYS) != 0;
    bool feeds = record->kind == SPKL_PROJECTION_FEED;
    spkl_build_projection_fn *build;
    int error;

    if (record->kind - 1u >= SPKL_PROJECTION_SPARSE4 ||
        record->layout > SPKL_LAYOUT_SPARSE4 || record->delay != 0) {
        return SPKL_ERR_UNSUPPORTED;
    }
    build = spkl_parts.build[record->kind];
    if (walk->rows > UINT16_MAX || record->reserved != 0 ||
        record->flags > (SPKL_IMAGE_HAS_MAP | SPKL_IMAGE_HAS_DELAYS) ||
        (!late && record->delays != 0) || feeds != spkl_is_line(p)) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    if (build == NULL || (late && spkl_parts.build_late == NULL)) {
        return SPKL_ERR_NO_KERNEL;
    }
    if (record->kind != SPKL_PROJECTION_DENSE) {
        walk->events = 0; /* no list of rows */
    }
    error = build(walk, record, q, p);
    return error == SPKL_OK && late ? spkl_parts.build_late(walk, record, q, p)
                                    : error;
}

/* Whether spkl_lif_tick_if_s32 may update a population. */
static bool is_if(const struct spkl_lif *lif, uint32_t sum)
{
    const uint32_t never = (uint32_t)SPKL_LIF_HAS_U | SPKL_LIF_HAS_A |
                           SPKL_LIF_HAS_REFRACTORY | SPKL_LIF_TEST_PREVIOUS |
                           SPKL_LIF_RESET_NEXT;
    static const int32_t none = 0;
    struct spkl_param zero = {&none, 0};

    return ((lif->flags & never) | lif->decay_v.step) == 0 &&
           *lif->decay_v.at == (lif->flags & SPKL_LIF_SHIFT12 ? 4096 : 65536) &&
           spkl_is_within(&lif->bias, &zero, 0, lif->n) &&
           spkl_is_bounded(lif, sum);
}

/* Whether no neuron is above its threshold at first. */
static bool is_calm(const struct spkl_lif *lif)
{
    const int32_t *above = lif->fire_above.at;
    const int32_t *v = lif->v_init.at;

    for (uint32_t i = lif->n; i > 0; i--) {
        if (*v > *above) {
            return false;
        }
        v += lif->v_init.step;
        above += lif->fire_above.step;
    }
    return true;
}

spkl_lif_tick_fn *spkl_choose_tick_any(struct spkl_population *p, uint32_t sum)
{
    spkl_lif_tick_fn *tick = spkl_parts.lif_tick_any_s32;

    if (spkl_is_line(p)) {
        return p->tick;
    }
    if (spkl_parts.lif_tick_plain_s32 != NULL && spkl_is_plain(&p->lif, sum)) {
        tick = spkl_parts.lif_tick_plain_s32;
        spkl_note_calm(&p->lif, sum);
    }
    if (spkl_parts.lif_tick_if_s32 != NULL && is_if(&p->lif, sum)) {
        tick = spkl_parts.lif_tick_if_s32;
    }
    if (p->more != NULL) {
        struct spkl_blocks *blocks = p->more;

        blocks->tick = tick;
        blocks->at_once = tick == spkl_parts.lif_tick_if_s32;
        blocks->flip =
            blocks->at_once != 0 && is_calm(&p->lif) ? UINT32_MAX : 0;
        blocks->part = p->lif;
        tick = p->tick;
    }
    return tick;
}
