/* Populations and their projections, checked and made into tables:
 * docs/reference/image.md 4, 5 and 8, docs/reference/arena.md. */
#include "build.h"
#include "spkl_lif_flags.h"

static int build_population(struct spkl_walk *walk,
                            const struct spkl_population_record *record,
                            struct spkl_population *p)
{
    uint32_t flags = record->flags;
    uint32_t n = record->size;
    uint32_t words = (4 * n + 7) & ~UINT32_C(7); /* of an array of int32 */
    uint32_t halves = (2 * n + 7) & ~UINT32_C(7);
    uint32_t most = flags & SPKL_LIF_SEVERAL ? 32767 : 1;
    uintptr_t at = walk->state;

    if (record->kind != 1) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (record->frac > 20 || n == 0 || record->max_count - 1u >= most ||
        (record->reserved[0] | record->reserved[1]) != 0) {
        return SPKL_ERR_IMAGE_POPULATION;
    }
    if (walk->largest_population < n) {
        walk->largest_population = n;
    }
    p->lif.in = walk->net->in;
    p->lif.flags = flags;
    p->lif.n = n;
    p->lif.frac = record->frac;
    p->lif.max_count = record->max_count;
    p->stats = (void *)at;
    at += sizeof *p->stats;
    p->lif.v = (void *)at;
    at += words;
    p->lif.u = (void *)at;
    at += flags & SPKL_LIF_HAS_U ? words : 0;
    p->lif.a = (void *)at;
    at += flags & SPKL_LIF_HAS_A ? words : 0;
    p->lif.r = (void *)at;
    at += flags & SPKL_LIF_HAS_REFRACTORY ? halves : 0;
    p->source.n = (void *)at;
    at += 8;
    p->lif.fired = p->source.neurons = (void *)at;
    at += flags & SPKL_LIF_FIRES ? halves : 0;
    p->lif.values = p->source.values = NULL;
    if (flags & SPKL_LIF_SEVERAL) {
        p->lif.values = p->source.values = (void *)at;
        at += halves;
    }
    walk->state = at;
    return spkl_find_parameters(walk->model, record, &p->lif);
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

/* `sum` grows by the largest sum of |value| of the source's events of a tick.
 */
static int build_projection(struct spkl_walk *walk,
                            const struct spkl_projection_record *record,
                            struct spkl_projection *p, uint32_t n,
                            uint32_t *sum)
{
    const struct spkl_model *model = walk->model;
    uint32_t index = record->source & ~SPKL_IMAGE_FROM_INPUT;
    uint32_t here = index & walk->real;
    uint32_t rows = 0;
    uint32_t events = 0;

    if (record->kind != 1 || record->layout != 0 || record->delay != 0) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (index != record->source) {
        if (index < model->n_inputs) {
            rows = model->inputs[index].size;
            events = model->inputs[index].capacity;
            *sum += model->inputs[index].max_sum;
        }
        p->source = &walk->net->inputs[here].source;
    } else {
        if (index < record->target) {
            events = rows = model->populations[index].size;
            *sum += rows * model->populations[index].max_count;
        }
        p->source = &walk->net->populations[here].source;
    }
    if (walk->largest_source < events) {
        walk->largest_source = events;
    }
    p->stride = (n + 3u) & ~UINT32_C(3);
    p->weights = spkl_data_at(model, record->weights, rows * p->stride);
    if ((record->flags | record->reserved | record->reserved2[0] |
         record->reserved2[1] | (record->stride ^ p->stride) |
         (record->weights_length ^ rows * p->stride)) != 0 ||
        rows == 0 || p->weights == NULL ||
        !is_padded(p->weights, rows, n, p->stride)) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    return *sum > SPKL_INPUT_SUM_MAX ? SPKL_ERR_IMAGE_BOUND : SPKL_OK;
}

#define NOT_PLAIN                                                              \
    ((uint32_t)SPKL_LIF_HAS_U | SPKL_LIF_HAS_A | SPKL_LIF_HAS_REFRACTORY |     \
     SPKL_LIF_SEVERAL | SPKL_LIF_SHIFT12 | SPKL_LIF_ROUNDING |                 \
     SPKL_LIF_TEST_PREVIOUS | SPKL_LIF_ADD_THEN_DECAY)

/* Whether spkl_lif_tick_plain_s32 may update a population (spkl_kernels.h says
 * which) whose input is within 128 sum. */
static bool is_plain(const struct spkl_lif *lif, uint32_t sum)
{
    uint32_t input = sum << 7;
    struct spkl_param low;
    int32_t most;
    int32_t least;

    if (((lif->flags & NOT_PLAIN) | lif->decay_v.step) != 0 ||
        input > (uint32_t)SPKL_V_MAX >> lif->frac) {
        return false;
    }
    most = SPKL_V_MAX - (int32_t)(input << lif->frac);
    least = -most;
    low.at = &least;
    low.step = 0;
    return spkl_is_within(&lif->bias, &low, most, lif->n);
}

/* A population and the projections to it. */
static int build_group(struct spkl_walk *walk,
                       const struct spkl_population_record *record,
                       struct spkl_population *p)
{
    int error = build_population(walk, record, p);
    uint32_t target = (uint32_t)(record - walk->model->populations);
    uint32_t sum = 0;

    p->projections = walk->projection;
    while (error == SPKL_OK &&
           walk->record != (const void *)walk->model->inputs &&
           walk->record->target == target) {
        error = build_projection(walk, walk->record++, walk->projection,
                                 record->size, &sum);
        walk->projection += walk->real & 1u;
    }
    p->projections_end = walk->projection;
    p->tick = spkl_kernels.lif_tick_any_s32;
    if (error == SPKL_OK && spkl_kernels.lif_tick_plain_s32 != NULL &&
        is_plain(&p->lif, sum)) {
        p->tick = spkl_kernels.lif_tick_plain_s32;
    }
    return error == SPKL_OK && p->tick == NULL ? SPKL_ERR_NO_KERNEL : error;
}

int spkl_build(struct spkl_walk *walk)
{
    const struct spkl_model *model = walk->model;
    struct spkl_population *p = walk->net->populations;
    struct spkl_input *in = walk->net->inputs;
    struct spkl_sink *out = walk->net->outputs;
    uint32_t step = walk->real & 1u;
    int error = SPKL_OK;

    walk->record = model->projections;
    walk->projection = walk->net->projections;
    for (const struct spkl_population_record *record = model->populations;
         error == SPKL_OK && record != (const void *)model->projections;
         record++) {
        error = build_group(walk, record, p);
        p += step;
    }
    if (error == SPKL_OK && walk->record != (const void *)model->inputs) {
        error = SPKL_ERR_IMAGE_PROJECTION;
    }
    for (const struct spkl_input_record *record = model->inputs;
         error == SPKL_OK && record != (const void *)model->outputs; record++) {
        error = spkl_build_input(walk, record, in);
        in += step;
    }
    for (const struct spkl_output_record *record = model->outputs;
         error == SPKL_OK && record != (const void *)model->data; record++) {
        error = spkl_build_output(walk, record, out);
        out += step;
    }
    return error;
}
