/* The parameters of a population: semantics 3.1. */
#include "build.h"
#include "spkl_lif_flags.h"

enum { LEAST, ZERO, ONE, U16, SCALE, MOST };

static const int32_t numbers[] = {-SPKL_V_MAX, 0, 1, 65535, 65536, SPKL_V_MAX};

/* Which number: least, largest, absent; of decays those for a shift of 16. */
static const uint8_t limits[SPKL_N_PARAMETERS][3] = {
    {ZERO, SCALE, SCALE}, {ZERO, SCALE, SCALE}, {ZERO, SCALE, SCALE},
    {LEAST, MOST, MOST},  {LEAST, MOST, ZERO},  {LEAST, MOST, ZERO},
    {LEAST, ZERO, LEAST}, {LEAST, MOST, ZERO},  {ONE, MOST, ONE},
    {LEAST, MOST, ZERO},  {ZERO, U16, ZERO},
};

const void *spkl_data_at(const struct spkl_model *model, uint32_t offset,
                         uint32_t length)
{
    uint32_t there = spkl_count(model, SPKL_SECTION_DATA);

    return offset % 4 != 0 || offset > there || length > there - offset
               ? NULL
               : (const uint8_t *)spkl_records(model, SPKL_SECTION_DATA) +
                     offset;
}

bool spkl_is_within(const struct spkl_param *param,
                    const struct spkl_param *low, int32_t high, uint32_t n)
{
    const int32_t *at = param->at;
    const int32_t *least = low->at;

    for (; n > 0; n--) {
        if (*at < *least || *at > high) {
            return false;
        }
        at += param->step;
        least += low->step;
    }
    return true;
}

/* The range of a parameter; and where it is, when it is there. */
static bool find(const struct spkl_model *model,
                 const struct spkl_population_record *record, unsigned id,
                 struct spkl_param *param)
{
    struct spkl_param low = {&numbers[limits[id][0]], 0};

    if (id == SPKL_PARAMETER_V_INIT) {
        low = param[-1]; /* v_min */
    }
    if (id == SPKL_PARAMETER_RESET &&
        (record->flags & SPKL_LIF_RESET_SUBTRACT) != 0) {
        low.at = &numbers[ZERO];
    }
    param->at = spkl_data_at(model, record->parameters[id],
                             param->step != 0 ? 4u * record->size : 4u);
    return param->at != NULL &&
           spkl_is_within(param, &low, numbers[limits[id][1]], record->size);
}

int spkl_find_parameters(struct spkl_walk *walk,
                         const struct spkl_population_record *record,
                         struct spkl_population *p)
{
    struct spkl_param *param =
        (void *)((uint8_t *)p + offsetof(struct spkl_population, lif.decay_v));
    uint32_t there = 0;

    for (unsigned id = 0; id < SPKL_N_PARAMETERS; id++, param++) {
        param->at = &numbers[limits[id][2]];
        param->step = record->per_neuron >> id & 1u;
        if (record->parameters[id] != SPKL_IMAGE_ABSENT) {
            there |= UINT32_C(1) << id;
            if (!find(walk->net.model, record, id, param)) {
                return SPKL_ERR_IMAGE_PARAMETER;
            }
        }
    }
    return (record->per_neuron & ~there) != 0
               ? SPKL_ERR_IMAGE_POPULATION
               : spkl_kernels.check_choices(walk, record, p, there);
}
