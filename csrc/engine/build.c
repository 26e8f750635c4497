/* Populations and their projections, checked and made into tables:
 * docs/reference/image.md 4, 5 and 8, docs/reference/arena.md. */
#include "build.h"

static int build_population(struct spkl_walk *walk,
                            const struct spkl_population_record *record,
                            struct spkl_population *p)
{
    struct spkl_lif *lif = &p->lif;
    uint32_t n = record->size;
    uintptr_t at;
    int error;

    if (record->frac > 20 || n == 0 || !spkl_is_positive(record->max_count)) {
        return SPKL_ERR_IMAGE_POPULATION;
    }
    for (unsigned i = 0; i < sizeof record->reserved; i++) {
        if (record->reserved[i] != 0) {
            return SPKL_ERR_IMAGE_POPULATION;
        }
    }
    if (walk->most_sums < n) {
        walk->most_sums = n;
    }
    walk->sum = 0;
    p->more = NULL;
    lif->in = walk->net.in;
    lif->values = NULL;
    lif->flags = record->flags;
    lif->n = n;
    lif->frac = record->frac;
    lif->max_count = record->max_count;
    error = spkl_find_parameters(walk, record, p);
    at = walk->state;
    p->head = (void *)at;
    at += sizeof *p->head;
    lif->fired = (void *)at;
    at += spkl_room(2 * n);
    p->late = (void *)at;
    walk->state = at;
    p->source.n = &p->head->n_events;
    p->source.neurons = lif->fired;
    p->source.values = lif->values;
    return error;
}

SPKL_NOINLINE static int
build_projection(struct spkl_walk *walk,
                 const struct spkl_projection_record *record,
                 struct spkl_projection *q, struct spkl_population *p)
{
    const struct spkl_model *model = walk->net.model;
    uint32_t index = record->source & ~SPKL_IMAGE_FROM_INPUT;
    uint32_t here = index & walk->real;
    uint32_t events = 0;
    int error;

    walk->rows = 0;
    if (index != record->source) {
        const struct spkl_input_record *from =
            spkl_records(model, SPKL_SECTION_INPUTS);

        if (index < spkl_count(model, SPKL_SECTION_INPUTS)) {
            walk->rows = from[index].size;
            events = from[index].capacity;
            walk->brings = from[index].max_sum;
        }
        q->source = &walk->net.inputs[here].source;
    } else {
        const struct spkl_population_record *from =
            spkl_records(model, SPKL_SECTION_POPULATIONS);

        if (index < spkl_count(model, SPKL_SECTION_POPULATIONS)) {
            walk->rows = events = from[index].size;
            walk->brings = walk->rows * from[index].max_count;
        }
        q->source = &walk->net.populations[here].source;
    }
    if (walk->largest_source < events) {
        walk->largest_source = events;
    }
    error = spkl_kernels.build_projection(walk, record, q, p);
    walk->sum += walk->brings;
    return error == SPKL_OK && walk->sum > SPKL_INPUT_SUM_MAX
               ? SPKL_ERR_IMAGE_BOUND
               : error;
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

    p->projections = walk->projection;
    while (error == SPKL_OK &&
           walk->record != spkl_records(model, SPKL_SECTION_INPUTS) &&
           walk->record->target == index) {
        error = build_projection(walk, walk->record++, walk->projection, p);
        walk->projection += walk->real & 1u;
    }
    p->projections_end = walk->projection;
    p->late_end = (void *)walk->state;
    if (error == SPKL_OK) {
        p->tick = spkl_kernels.choose_tick(p, walk->sum);
        error = p->tick == NULL ? SPKL_ERR_NO_KERNEL : SPKL_OK;
    }
    return error;
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
