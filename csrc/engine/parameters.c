#include "net.h"
#include "spkl_lif_flags.h"

/* Semantics 3.1. */
struct limits {
    int32_t low;
    int32_t high;
    int32_t absent;
};

enum { DECAY16 = 0, DECAY12 = 1 };

/* The decays, then all parameters from fire_above on. */
static const struct limits limits[] = {
    {0, 65536, 65536},
    {0, 4096, 4096},
    {-SPKL_V_MAX, SPKL_V_MAX, SPKL_V_MAX},
    {-SPKL_V_MAX, SPKL_V_MAX, 0},
    {-SPKL_V_MAX, SPKL_V_MAX, 0},
    {-SPKL_V_MAX, 0, -SPKL_V_MAX},
    {-SPKL_V_MAX, SPKL_V_MAX, 0},
    {1, SPKL_V_MAX, 1},
    {-SPKL_V_MAX, SPKL_V_MAX, 0},
    {0, 65535, 0},
};

static const struct limits *
limits_of(const struct spkl_population_record *record, unsigned id)
{
    if (id < SPKL_PARAMETER_FIRE_ABOVE) {
        return &limits[record->flags & SPKL_LIF_SHIFT12 ? DECAY12 : DECAY16];
    }
    return &limits[id - SPKL_PARAMETER_FIRE_ABOVE + 2];
}

struct spkl_param spkl_param_of(const struct spkl_model *model,
                                const struct spkl_population_record *record,
                                enum spkl_parameter id)
{
    struct spkl_param param = {&limits_of(record, id)->absent, 0};
    uint32_t offset = record->parameters[id];

    if (offset != SPKL_IMAGE_ABSENT) {
        param.at = (const int32_t *)(const void *)(model->data + offset);
        param.step = record->per_neuron >> id & 1u;
    }
    return param;
}

static bool is_within(const struct spkl_model *model,
                      const struct spkl_population_record *record,
                      enum spkl_parameter id)
{
    const struct limits *limit = limits_of(record, id);
    struct spkl_param param = spkl_param_of(model, record, id);
    int32_t low = limit->low;
    uint32_t n = param.step != 0 ? record->size : 1u;

    if (id == SPKL_PARAMETER_RESET &&
        (record->flags & SPKL_LIF_RESET_SUBTRACT) != 0) {
        low = 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (param.at[i] < low || param.at[i] > limit->high) {
            return false;
        }
    }
    return true;
}

int spkl_check_parameters(const struct spkl_model *model,
                          const struct spkl_population_record *record)
{
    struct spkl_param v_min;
    struct spkl_param v_init;

    for (unsigned id = 0; id < SPKL_N_PARAMETERS; id++) {
        uint32_t offset = record->parameters[id];
        uint32_t length = record->per_neuron >> id & 1u ? 4u * record->size : 4;

        if (offset != SPKL_IMAGE_ABSENT &&
            (offset % 4 != 0 || offset > model->data_length ||
             length > model->data_length - offset ||
             !is_within(model, record, (enum spkl_parameter)id))) {
            return SPKL_ERR_IMAGE_PARAMETER;
        }
    }
    v_min = spkl_param_of(model, record, SPKL_PARAMETER_V_MIN);
    v_init = spkl_param_of(model, record, SPKL_PARAMETER_V_INIT);
    for (uint32_t i = 0; i < record->size; i++) {
        if (v_init.at[i * v_init.step] < v_min.at[i * v_min.step]) {
            return SPKL_ERR_IMAGE_PARAMETER;
        }
    }
    return SPKL_OK;
}
