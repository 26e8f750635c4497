/* The records of an image: docs/reference/image.md, 4 to 8. */
#include "choices.h"
#include "net.h"
#include "open.h"
#include "spkl_lif_flags.h"

static uint32_t parameters_there(const struct spkl_population_record *record)
{
    uint32_t there = 0;

    for (unsigned id = 0; id < SPKL_N_PARAMETERS; id++) {
        if (record->parameters[id] != SPKL_IMAGE_ABSENT) {
            there |= UINT32_C(1) << id;
        }
    }
    return there;
}

static int check_population(const struct spkl_model *model,
                            const struct spkl_population_record *record)
{
    uint32_t there = parameters_there(record);

    if (record->kind != 1) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (record->frac > 20 || record->size == 0 ||
        record->max_count - 1u > 32766 ||
        (record->max_count > 1 && (record->flags & SPKL_LIF_SEVERAL) == 0) ||
        (record->per_neuron & ~there) != 0 ||
        (record->reserved[0] | record->reserved[1]) != 0 ||
        !spkl_choices_are_valid(record->flags, there)) {
        return SPKL_ERR_IMAGE_POPULATION;
    }
    return spkl_check_parameters(model, record);
}

static int check_input(const struct spkl_model *model,
                       const struct spkl_input_record *record)
{
    uint32_t value_max = record->encoder == SPKL_ENCODER_DIRECT ? 255u : 1u;

    if (record->encoder > SPKL_ENCODER_DIRECT) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (record->size == 0 || record->reserved != 0 ||
        record->max_value - 1u > 32766 || record->capacity == 0 ||
        record->max_sum - 1u >= SPKL_INPUT_SUM_MAX || record->gain > 65536 ||
        (record->seed != 0 && record->encoder != SPKL_ENCODER_POISSON) ||
        (record->reserved2[0] | record->reserved2[1] | record->reserved2[2]) !=
            0) {
        return SPKL_ERR_IMAGE_INPUT;
    }
    if (record->encoder == SPKL_ENCODER_EVENTS) {
        return record->gain != 0 ? SPKL_ERR_IMAGE_INPUT : SPKL_OK;
    }
    if (record->capacity != record->size || record->max_value > value_max ||
        record->max_sum != (uint32_t)record->size * record->max_value ||
        (record->encoder == SPKL_ENCODER_LATENCY &&
         model->ticks_per_sample == 0)) {
        return SPKL_ERR_IMAGE_INPUT;
    }
    return SPKL_OK;
}

/* The number of neurons of a projection's source; 0: there is none. */
static uint32_t source_size(const struct spkl_model *model,
                            const struct spkl_projection_record *record)
{
    uint32_t index = record->source & ~SPKL_IMAGE_FROM_INPUT;

    if ((record->source & SPKL_IMAGE_FROM_INPUT) != 0) {
        return index < model->n_inputs ? model->inputs[index].size : 0;
    }
    return index < record->target ? model->populations[index].size : 0;
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

static int check_projection(const struct spkl_model *model,
                            const struct spkl_projection_record *record)
{
    uint32_t rows;
    uint32_t n;
    uint32_t stride;

    if (record->kind != 1 || record->layout != 0 || record->delay != 0) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (record->target >= model->n_populations ||
        (record->flags | record->reserved) != 0 ||
        (record->reserved2[0] | record->reserved2[1]) != 0) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    rows = source_size(model, record);
    n = model->populations[record->target].size;
    stride = (n + 3u) & ~UINT32_C(3);
    if (rows == 0 || record->stride != stride ||
        record->weights_length != rows * stride || record->weights % 4 != 0 ||
        record->weights > model->data_length ||
        record->weights_length > model->data_length - record->weights ||
        !is_padded(model->data + record->weights, rows, n, stride)) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    if (record > model->projections && record[-1].target > record->target) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    return SPKL_OK;
}

uint32_t spkl_input_sum(const struct spkl_model *model, unsigned population)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < model->n_projections; i++) {
        const struct spkl_projection_record *record = &model->projections[i];
        uint32_t index = record->source & ~SPKL_IMAGE_FROM_INPUT;

        if (record->target != population || sum > SPKL_INPUT_SUM_MAX) {
            continue;
        }
        if ((record->source & SPKL_IMAGE_FROM_INPUT) != 0) {
            sum += model->inputs[index].max_sum;
        } else {
            sum += (uint32_t)model->populations[index].size *
                   model->populations[index].max_count;
        }
    }
    return sum;
}

static int check_output(const struct spkl_model *model,
                        const struct spkl_output_record *record)
{
    const struct spkl_population_record *population;

    if (record->kind > SPKL_OUTPUT_POTENTIALS ||
        record->decoder > SPKL_DECODER_FIRST) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (record->population >= model->n_populations ||
        (record->reserved | record->reserved2[0] | record->reserved2[1]) != 0) {
        return SPKL_ERR_IMAGE_OUTPUT;
    }
    population = &model->populations[record->population];
    if (record->kind == SPKL_OUTPUT_EVENTS ? record->capacity < population->size
                                           : record->capacity != 0) {
        return SPKL_ERR_IMAGE_OUTPUT;
    }
    if ((record->decoder == SPKL_DECODER_COUNT ||
         record->decoder == SPKL_DECODER_FIRST) &&
        (population->flags & SPKL_LIF_FIRES) == 0) {
        return SPKL_ERR_IMAGE_OUTPUT;
    }
    return SPKL_OK;
}

int spkl_check_records(const struct spkl_model *model)
{
    int error = SPKL_OK;

    for (unsigned i = 0; i < model->n_populations && error == SPKL_OK; i++) {
        error = check_population(model, &model->populations[i]);
    }
    for (unsigned i = 0; i < model->n_inputs && error == SPKL_OK; i++) {
        error = check_input(model, &model->inputs[i]);
    }
    for (unsigned i = 0; i < model->n_projections && error == SPKL_OK; i++) {
        error = check_projection(model, &model->projections[i]);
    }
    for (unsigned i = 0; i < model->n_populations && error == SPKL_OK; i++) {
        if (spkl_input_sum(model, i) > SPKL_INPUT_SUM_MAX) {
            error = SPKL_ERR_IMAGE_BOUND;
        }
    }
    for (unsigned i = 0; i < model->n_outputs && error == SPKL_OK; i++) {
        error = check_output(model, &model->outputs[i]);
    }
    if (error == SPKL_OK &&
        model->state_size != spkl_place_state(model, NULL, NULL)) {
        error = SPKL_ERR_IMAGE_MODEL;
    }
    return error;
}
