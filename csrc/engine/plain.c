/* A model of plain populations and dense projections of bytes: the small ways
 * of spkl_kernels.h. */
#include "plain.h"

#define KNOWN                                                                  \
    ((uint32_t)SPKL_LIF_BIAS_TO_V | SPKL_LIF_FIRES | SPKL_LIF_RESET_KIND |     \
     SPKL_LIF_RESET_NEXT | SPKL_LIF_RESET_BEFORE_LEAK)
#define PARAMETER(name) (UINT32_C(1) << SPKL_PARAMETER_##name)
#define PARAMETERS                                                             \
    (PARAMETER(DECAY_V) | PARAMETER(FIRE_ABOVE) | PARAMETER(RESET) |           \
     PARAMETER(BIAS) | PARAMETER(V_MIN) | PARAMETER(V_INIT))

/* Bit k: the flags from RESET_SUBTRACT on may be k. Nothing, subtract, set;
 * both of them in the next tick, and there before the leak. */
#define RESETS                                                                 \
    (1u << 0 | 1u << 1 | 1u << 2 | 1u << 5 | 1u << 6 | 1u << 13 | 1u << 14)

int spkl_check_choices_plain(struct spkl_walk *walk,
                             const struct spkl_population_record *record,
                             struct spkl_population *p, uint32_t parameters)
{
    uint32_t flags = record->flags;
    uint32_t resets = flags / SPKL_LIF_RESET_SUBTRACT;
    uint32_t bad = record->max_count >> 1;

    p->lif.u = p->lif.v = (void *)walk->state;
    walk->state += spkl_room(4 * p->lif.n);
    if (((record->kind ^ (uint32_t)SPKL_POPULATION_LIF) | record->block |
         (flags & ~KNOWN) | (parameters & ~PARAMETERS)) != 0) {
        return SPKL_ERR_NO_KERNEL;
    }
    if ((flags & SPKL_LIF_FIRES) == 0) {
        bad |= resets | (parameters & PARAMETER(FIRE_ABOVE));
    }
    if ((resets & 3u) == 0) {
        bad |= parameters & PARAMETER(RESET);
    }
    bad |= ~(RESETS >> resets) & 1u;
    return bad != 0 ? SPKL_ERR_IMAGE_POPULATION : SPKL_OK;
}

/* The flags are plain: spkl_check_choices_plain knows no others. */
spkl_lif_tick_fn *spkl_choose_tick_plain(struct spkl_population *p,
                                         uint32_t sum)
{
    if (p->lif.decay_v.step != 0 || !spkl_is_bounded(&p->lif, sum)) {
        return NULL;
    }
    spkl_note_calm(&p->lif, sum);
    return spkl_lif_tick_plain_s32;
}

/* Whether the bytes of rows behind their n targets are those of weight 0. */
static bool is_padded(const uint8_t *row, uint32_t rows, uint32_t n,
                      uint32_t stride)
{
    for (; rows > 0; rows--, row += stride) {
        for (uint32_t i = n; i < stride; i++) {
            if (row[i] != SPKL_IMAGE_ZERO_WEIGHT) {
                return false;
            }
        }
    }
    return true;
}

int spkl_build_dense(struct spkl_walk *walk,
                     const struct spkl_projection_record *record,
                     struct spkl_projection *q, struct spkl_population *p)
{
    uint32_t n = p->lif.n;
    uint32_t rows = walk->rows;
    /* delay, reserved */
    const struct spkl_word *unused = (const void *)&record->delay;

    if (record->kind != SPKL_PROJECTION_DENSE || record->layout != 0 ||
        record->flags != 0) {
        return SPKL_ERR_NO_KERNEL;
    }
    q->deliver = spkl_add_dense;
    q->stride = (n + 3u) & ~UINT32_C(3);
    q->weights =
        spkl_data_at(walk->net.model, record->weights, rows * q->stride);
    return (unused->word | record->map | record->delays |
            (record->stride ^ q->stride) |
            (record->weights_length ^ rows * q->stride)) != 0 ||
                   q->weights == NULL ||
                   !is_padded(q->weights, rows, n, q->stride)
               ? SPKL_ERR_IMAGE_PROJECTION
               : SPKL_OK;
}
