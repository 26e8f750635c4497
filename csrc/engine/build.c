/* Populations and their projections, checked and made into tables:
 * docs/reference/image.md 4, 5 and 8, docs/reference/arena.md. */
#include "build.h"

static int build_population(struct spkl_walk *walk,
                            const struct spkl_population_record *record,
                            struct spkl_population *p)
{
    /* block, reserved */
    const struct spkl_word *last = (const void *)&record->block;
    struct spkl_lif *lif = &p->lif;
    uint32_t n = record->size;
    uintptr_t at;
    int error;

    if (record->frac > 20 || n == 0 || !spkl_is_positive(record->max_count) ||
        (last[0].word >> 8 | last[1].word) != 0) {
        return SPKL_ERR_IMAGE_POPULATION;
    }
    if (walk->most_sums < n) {
        walk->most_sums = n;
    }
    walk->sum = 0;
    p->more = NULL;
    lif->in = walk->net.in;
    lif->values = p->source.values = NULL;
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
    int error;

    walk->rows = UINT32_MAX; /* no data has so many rows */
    if (index != record->source) {
        const struct spkl_input_record *from =
            spkl_records(model, SPKL_SECTION_INPUTS);

        if (index < spkl_count(model, SPKL_SECTION_INPUTS)) {
            walk->rows = from[index].size;
            walk->events = from[index].capacity;
            walk->brings = from[index].max_sum;
        }
        q->source = &walk->net.inputs[here].source;
    } else {
        const struct spkl_population_record *from =
            spkl_records(model, SPKL_SECTION_POPULATIONS);

        if (index < spkl_count(model, SPKL_SECTION_POPULATIONS)) {
            walk->rows = walk->events = from[index].size;
            walk->brings = walk->rows * from[index].max_count;
        }
        q->source = &walk->net.populations[here].source;
    }
    error = spkl_kernels.build_projection(walk, record, q, p);
    if (walk->most_rows < walk->events) {
        walk->most_rows = walk->events;
    }
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
    while (error == SPKL_OK && walk->record != walk->records_end &&
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
    walk->records_end = input;
    walk->projection = walk->net.projections;
    for (uint32_t i = 0; i < spkl_count(model, SPKL_SECTION_POPULATIONS); i++) {
        error = build_group(walk, i, &walk->net.populations[i & walk->real]);
        if (error != SPKL_OK) {
            return error;
        }
    }
    if (walk->record != walk->records_end) {
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
        error = spkl_kernels.build_output(walk, &output[i],
                                          &walk->net.outputs[i & walk->real]);
        if (error != SPKL_OK) {
            return error;
        }
    }
    return error;
}
