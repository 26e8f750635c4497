/* Populations and their projections, checked and made into tables:
 * docs/reference/image.md 4, 5 and 8, docs/reference/arena.md. */
#include "build.h"
#include "spkl_lif_flags.h"

static int build_population(struct spkl_walk *walk,
                            const struct spkl_population_record *record,
                            struct spkl_population *p)
{
    struct spkl_lif *lif = &p->lif;
    uint32_t n = record->size;
    uintptr_t at;
    int error;

    if (record->kind != 1) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (record->frac > 20 || n == 0 || !spkl_is_positive(record->max_count) ||
        (record->reserved[0] | record->reserved[1]) != 0) {
        return SPKL_ERR_IMAGE_POPULATION;
    }
    if (walk->largest_population < n) {
        walk->largest_population = n;
    }
    lif->in = walk->net.in;
    lif->values = NULL;
    lif->flags = record->flags;
    lif->n = n;
    lif->frac = record->frac;
    lif->max_count = record->max_count;
    lif->u = (void *)walk->state;
    error = spkl_find_parameters(walk->net.model, record, lif, &walk->state);
    at = walk->state;
    lif->v = (void *)at;
    at += spkl_room(4 * n);
    p->head = (void *)at;
    at += sizeof *p->head;
    lif->fired = (void *)at;
    walk->state = at + spkl_room(2 * n);
    p->source.n = &p->head->n_events;
    p->source.neurons = lif->fired;
    p->source.values = lif->values;
    return error;
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
SPKL_NOINLINE static int
build_projection(struct spkl_walk *walk,
                 const struct spkl_projection_record *record,
                 struct spkl_projection *p, uint32_t n, uint32_t *sum)
{
    const struct spkl_model *model = walk->net.model;
    uint32_t index = record->source & ~SPKL_IMAGE_FROM_INPUT;
    uint32_t here = index & walk->real;
    uint32_t rows = 0;
    uint32_t events = 0;

    if (record->kind != 1 || record->layout != 0 || record->delay != 0) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (index != record->source) {
        const struct spkl_input_record *from =
            spkl_records(model, SPKL_SECTION_INPUTS);

        if (index < spkl_count(model, SPKL_SECTION_INPUTS)) {
            rows = from[index].size;
            events = from[index].capacity;
            *sum += from[index].max_sum;
        }
        p->source = &walk->net.inputs[here].source;
    } else {
        const struct spkl_population_record *from =
            spkl_records(model, SPKL_SECTION_POPULATIONS);

        if (index < record->target) {
            events = rows = from[index].size;
            *sum += rows * from[index].max_count;
        }
        p->source = &walk->net.populations[here].source;
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
static int build_group(struct spkl_walk *walk, uint32_t index,
                       struct spkl_population *p)
{
    const struct spkl_model *model = walk->net.model;
    const struct spkl_population_record *record =
        (const struct spkl_population_record *)spkl_records(
            model, SPKL_SECTION_POPULATIONS) +
        index;
    int error = build_population(walk, record, p);
    uint32_t sum = 0;

    if (error != SPKL_OK) {
        return error;
    }
    p->projections = walk->projection;
    while (walk->record != spkl_records(model, SPKL_SECTION_INPUTS) &&
           walk->record->target == index) {
        error = build_projection(walk, walk->record++, walk->projection,
                                 record->size, &sum);
        if (error != SPKL_OK) {
            return error;
        }
        walk->projection += walk->real & 1u;
    }
    p->projections_end = walk->projection;
    p->tick = spkl_kernels.lif_tick_plain_s32;
    if (p->tick == NULL || !is_plain(&p->lif, sum)) {
        p->tick = spkl_kernels.lif_tick_any_s32;
    }
    return p->tick == NULL ? SPKL_ERR_NO_KERNEL : SPKL_OK;
}

int spkl_build(struct spkl_walk *walk)
{
    const struct spkl_model *model = walk->net.model;
    const struct spkl_input_record *input =
        spkl_records(model, SPKL_SECTION_INPUTS);
    const struct spkl_output_record *output =
        spkl_records(model, SPKL_SECTION_OUTPUTS);
    int error = SPKL_OK;

    walk->record = spkl_records(model, SPKL_SECTION_PROJECTIONS);
    walk->projection = walk->net.projections;
    for (uint32_t i = 0; i < spkl_count(model, SPKL_SECTION_POPULATIONS); i++) {
        error = build_group(walk, i, &walk->net.populations[i & walk->real]);
        if (error != SPKL_OK) {
            return error;
        }
    }
    if (walk->record != (const void *)input) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    for (uint32_t i = 0; i < spkl_count(model, SPKL_SECTION_INPUTS); i++) {
        error = spkl_build_input(walk, &input[i],
                                 &walk->net.inputs[i & walk->real]);
        if (error != SPKL_OK) {
            return error;
        }
    }
    for (uint32_t i = 0; i < spkl_count(model, SPKL_SECTION_OUTPUTS); i++) {
        error = spkl_build_output(walk, &output[i],
                                  &walk->net.outputs[i & walk->real]);
        if (error != SPKL_OK) {
            return error;
        }
    }
    return error;
}
