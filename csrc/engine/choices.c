/* What the choices of a population mean together: semantics 3.2. */
#include "build.h"
#include "spkl_lif_flags.h"

#define KNOWN ((UINT32_C(1) << 21) - 1)
/* Parameters stand behind the flags in one word. */
#define PARAMETER(name) (UINT32_C(1) << (21 + SPKL_PARAMETER_##name))

/* Any of `have` needs any of `needs`, and excludes all of `never`. */
static const struct rule {
    uint32_t have;
    uint32_t needs;
    uint32_t never;
} rules[] = {
    {SPKL_LIF_U_ORDER | PARAMETER(DECAY_U), SPKL_LIF_HAS_U, 0},
    {SPKL_LIF_TEST_PREVIOUS | SPKL_LIF_RESET_KIND | SPKL_LIF_SEVERAL |
         SPKL_LIF_HAS_REFRACTORY | SPKL_LIF_HAS_A | PARAMETER(FIRE_ABOVE),
     SPKL_LIF_FIRES, 0},
    {SPKL_LIF_RESET_NEXT, SPKL_LIF_RESET_KIND,
     SPKL_LIF_HAS_REFRACTORY | SPKL_LIF_HAS_A | SPKL_LIF_TEST_PREVIOUS},
    {SPKL_LIF_TEST_PREVIOUS, SPKL_LIF_FIRES, SPKL_LIF_HAS_REFRACTORY},
    {SPKL_LIF_RESET_BEFORE_LEAK | PARAMETER(RESET), SPKL_LIF_RESET_KIND, 0},
    {SPKL_LIF_RESET_BEFORE_LEAK, SPKL_LIF_TEST_PREVIOUS | SPKL_LIF_RESET_NEXT,
     0},
    {PARAMETER(COUNT_BY), SPKL_LIF_SEVERAL, 0},
    {SPKL_LIF_REFRACTORY_MODE | PARAMETER(REFRACTORY), SPKL_LIF_HAS_REFRACTORY,
     0},
    {SPKL_LIF_ADAPT_DECAY_FIRST | SPKL_LIF_RESET_ADAPTED | PARAMETER(DECAY_A) |
         PARAMETER(ADAPT_BY),
     SPKL_LIF_HAS_A, 0},
    {SPKL_LIF_RESET_ADAPTED, SPKL_LIF_RESET_SUBTRACT, 0},
};

/* A shift of 12 has its own limit. */
static bool is_decay(const struct spkl_lif *lif, struct spkl_param *decay,
                     bool there)
{
    static const int32_t most = 4096;

    if (!there) {
        decay->at = &most;
    }
    for (uint32_t i = 0; i < lif->n; i++) {
        if (decay->at[i * decay->step] > most) {
            return false;
        }
    }
    return true;
}

/* The arrays before the head; a new sample clears those from u on. */
static int place(struct spkl_walk *walk,
                 const struct spkl_population_record *record,
                 struct spkl_population *p)
{
    struct spkl_lif *lif = &p->lif;
    uint32_t words = spkl_room(4 * lif->n);
    uint32_t halves = spkl_room(2 * lif->n);
    int error = SPKL_OK;

    if (lif->flags & SPKL_LIF_SEVERAL) {
        lif->values = p->source.values = (void *)walk->state;
        walk->state += halves;
    }
    lif->u = (void *)walk->state;
    if (record->kind != SPKL_POPULATION_LIF) {
        lif->v = lif->in; /* 0 between ticks */
        return spkl_parts.place_line(walk, record, p);
    }
    walk->state += lif->flags & SPKL_LIF_HAS_U ? words : 0;
    lif->a = (void *)walk->state;
    walk->state += lif->flags & SPKL_LIF_HAS_A ? words : 0;
    lif->r = (void *)walk->state;
    walk->state += lif->flags & SPKL_LIF_HAS_REFRACTORY ? halves : 0;
    if (record->block != 0) {
        error = spkl_parts.place_blocks == NULL
                    ? SPKL_ERR_NO_KERNEL
                    : spkl_parts.place_blocks(walk, record, p);
    }
    lif->v = (void *)walk->state;
    walk->state += words;
    return error;
}

/* The one parameter is `delay`; ranges are right but for the largest delay. */
static int check_line(const struct spkl_population_record *record,
                      const struct spkl_lif *lif, uint32_t parameters)
{
    const uint32_t several = SPKL_LIF_FIRES | SPKL_LIF_SEVERAL;

    if (record->kind != SPKL_POPULATION_DELAY) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (spkl_parts.place_line == NULL) {
        return SPKL_ERR_NO_KERNEL;
    }
    if ((record->frac | record->block) != 0 ||
        (lif->flags | SPKL_LIF_SEVERAL) != several ||
        (lif->max_count > 1 && lif->flags != several) ||
        parameters != UINT32_C(1) << SPKL_PARAMETER_DELAY) {
        return SPKL_ERR_IMAGE_POPULATION;
    }
    return SPKL_OK;
}

static int check_lif(struct spkl_lif *lif, uint32_t parameters)
{
    uint32_t flags = lif->flags;
    /* In these fields of two bits the value 3 is unknown. */
    const uint32_t low = SPKL_LIF_RESET_SUBTRACT |
                         SPKL_LIF_REFRACTORY_ACCUMULATE | SPKL_LIF_ROUND_ZERO;
    uint32_t said = flags | parameters << 21;

    if ((lif->max_count > 1 && (flags & SPKL_LIF_SEVERAL) == 0) ||
        flags > KNOWN || (flags & flags >> 1 & low) != 0) {
        return SPKL_ERR_IMAGE_POPULATION;
    }
    for (unsigned i = 0; i < sizeof rules / sizeof *rules; i++) {
        if ((said & rules[i].have) != 0 &&
            ((said & rules[i].needs) == 0 || (said & rules[i].never) != 0)) {
            return SPKL_ERR_IMAGE_POPULATION;
        }
    }
    if ((flags & SPKL_LIF_SHIFT12) != 0 &&
        !(is_decay(lif, &lif->decay_v, (said & PARAMETER(DECAY_V)) != 0) &&
          is_decay(lif, &lif->decay_u, (said & PARAMETER(DECAY_U)) != 0) &&
          is_decay(lif, &lif->decay_a, (said & PARAMETER(DECAY_A)) != 0))) {
        return SPKL_ERR_IMAGE_PARAMETER;
    }
    return SPKL_OK;
}

int spkl_check_choices_any(struct spkl_walk *walk,
                           const struct spkl_population_record *record,
                           struct spkl_population *p, uint32_t parameters)
{
    int error = record->kind == SPKL_POPULATION_LIF
                    ? check_lif(&p->lif, parameters)
                    : check_line(record, &p->lif, parameters);

    return error == SPKL_OK ? place(walk, record, p) : error;
}
