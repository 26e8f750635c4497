#include "net.h"
#include "plain.h"
#include "spkl_lif_flags.h"

enum { ALIGNED = 8, IN_PADDING = 16 };

struct scratch {
    uint8_t *base;
    size_t used;
};

static void *place(struct scratch *scratch, size_t bytes)
{
    void *at = scratch->base != NULL ? scratch->base + scratch->used : NULL;

    scratch->used += (bytes + ALIGNED - 1) & ~(size_t)(ALIGNED - 1);
    return at;
}

/* Most rows of a call of add_rows. */
static size_t rows_of(const struct spkl_model *model)
{
    size_t most = 0;

    for (unsigned i = 0; i < model->n_populations; i++) {
        size_t n = model->populations[i].size;

        most = n > most ? n : most;
    }
    for (unsigned i = 0; i < model->n_inputs; i++) {
        size_t n = model->inputs[i].capacity;

        most = n > most ? n : most;
    }
    return most < SPKL_ROWS_MAX ? most : SPKL_ROWS_MAX;
}

static size_t largest_population(const struct spkl_model *model)
{
    size_t most = 0;

    for (unsigned i = 0; i < model->n_populations; i++) {
        size_t n = model->populations[i].size;

        most = n > most ? n : most;
    }
    return most;
}

static void place_scratch(const struct spkl_model *model,
                          struct scratch *scratch, struct spkl_net *net)
{
    size_t n = largest_population(model) + IN_PADDING - 1;

    net->populations =
        place(scratch, model->n_populations * sizeof *net->populations);
    net->projections =
        place(scratch, model->n_projections * sizeof *net->projections);
    net->inputs = place(scratch, model->n_inputs * sizeof *net->inputs);
    net->outputs = place(scratch, model->n_outputs * sizeof *net->outputs);
    net->in = place(scratch, n / IN_PADDING * IN_PADDING * sizeof *net->in);
    net->rows =
        place(scratch, (rows_of(model) + SPKL_ROWS_SPARE) * sizeof *net->rows);
}

size_t spkl_arena_size(const struct spkl_model *model)
{
    struct scratch scratch = {NULL, 0};
    struct spkl_net net;

    place_scratch(model, &scratch, &net);
    return model->state_size + scratch.used;
}

static bool resolve_population(const struct spkl_net *net, unsigned i)
{
    const struct spkl_model *model = net->model;
    const struct spkl_population_record *record = &model->populations[i];
    struct spkl_population *p = &net->populations[i];
    struct spkl_lif *lif = &p->lif;
    /* They stand in the order of their ids. */
    struct spkl_param *param =
        (struct spkl_param *)(void *)((uint8_t *)lif +
                                      offsetof(struct spkl_lif, decay_v));

    lif->in = net->in;
    lif->fired = p->source.neurons;
    lif->flags = record->flags;
    lif->n = record->size;
    lif->frac = record->frac;
    lif->max_count = record->max_count;
    for (unsigned id = 0; id < SPKL_N_PARAMETERS; id++) {
        param[id] = spkl_param_of(model, record, (enum spkl_parameter)id);
    }
    p->source.ones = (record->flags & SPKL_LIF_SEVERAL) == 0;
    if (p->source.ones) {
        p->source.values = NULL;
    }
    lif->values = p->source.values;
    p->quiescent = p->source.n + 1;
    p->n_projections = 0;
    p->tick = NULL;
    if (spkl_lif_is_plain(model, i, lif)) {
        p->tick = spkl_kernels.lif_tick_plain_s32;
    }
    if (p->tick == NULL) {
        p->tick = spkl_kernels.lif_tick_any_s32;
    }
    return p->tick != NULL;
}

static bool resolve_projection(const struct spkl_net *net, unsigned i)
{
    const struct spkl_projection_record *record = &net->model->projections[i];
    struct spkl_projection *p = &net->projections[i];
    uint32_t index = record->source & ~SPKL_IMAGE_FROM_INPUT;
    bool from_input = (record->source & SPKL_IMAGE_FROM_INPUT) != 0;
    uint32_t value_max = from_input ? net->model->inputs[index].max_value
                                    : net->model->populations[index].max_count;

    p->source = from_input ? &net->inputs[index].source
                           : &net->populations[index].source;
    p->weights = net->model->data + record->weights;
    p->stride = record->stride;
    net->populations[record->target].n_projections++;
    if (from_input && net->inputs[index].encode == NULL) {
        value_max = 2; /* an event may have the value -1 */
    }
    return spkl_kernels.add_rows_u8_s32 != NULL &&
           (value_max == 1 || spkl_kernels.add_row_scaled_u8_s32 != NULL);
}

static bool resolve_input(const struct spkl_net *net, unsigned i)
{
    const struct spkl_input_record *record = &net->model->inputs[i];
    struct spkl_input *in = &net->inputs[i];

    in->record = record;
    in->encode = spkl_kernels.encode[record->encoder];
    in->source.ones = record->max_value == 1;
    in->has_frame = in->source.n + 1;
    return record->encoder == SPKL_ENCODER_EVENTS || in->encode != NULL;
}

static bool resolve_output(const struct spkl_net *net, unsigned i)
{
    const struct spkl_output_record *record = &net->model->outputs[i];
    struct spkl_sink *out = &net->outputs[i];

    out->record = record;
    out->population = &net->populations[record->population];
    out->decode = spkl_kernels.decode[record->decoder];
    return record->decoder == SPKL_DECODER_NONE || out->decode != NULL;
}

static bool resolve(const struct spkl_net *net)
{
    const struct spkl_model *model = net->model;
    bool linked = true;

    for (unsigned i = 0; i < model->n_populations; i++) {
        linked = resolve_population(net, i) && linked;
    }
    for (unsigned i = 0; i < model->n_inputs; i++) {
        linked = resolve_input(net, i) && linked;
    }
    for (unsigned i = 0; i < model->n_projections; i++) {
        linked = resolve_projection(net, i) && linked;
    }
    for (unsigned i = 0; i < model->n_outputs; i++) {
        linked = resolve_output(net, i) && linked;
    }
    return linked;
}

int spkl_start(struct spkl_net *net, const struct spkl_model *model,
               void *arena, size_t size)
{
    struct scratch scratch = {arena, model->state_size};
    struct spkl_net made;

    if (arena == NULL || (uintptr_t)arena % ALIGNED != 0 ||
        size < spkl_arena_size(model)) {
        return SPKL_ERR_ARENA;
    }
    made.model = model;
    made.clock = arena;
    place_scratch(model, &scratch, &made);
    (void)spkl_place_state(model, arena, &made);
    if (!resolve(&made)) {
        return SPKL_ERR_NO_KERNEL;
    }
    for (int32_t *in = made.in; (void *)in < (void *)made.rows; in++) {
        *in = 0;
    }
    *net = made;
    spkl_reset(net);
    return SPKL_OK;
}
