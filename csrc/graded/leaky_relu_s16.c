#include "checks.h"
#include "spkl_requantise.h"

bool spkl_check_leaky_relu_s16(const struct spkl_layer *layer,
                               uint32_t table_length, uint32_t *scratch)
{
    const struct spkl_leaky_relu_s16_parameters *p = layer->parameters;

    (void)table_length;
    (void)scratch;
    return spkl_is_of_type(layer, SPKL_TENSOR_INT16) &&
           layer->in_size[0] == layer->out_size && spkl_has_no_arrays(layer) &&
           spkl_is_requantisation(p->multiplier, p->shift) &&
           spkl_is_requantisation(p->alpha_multiplier, p->alpha_shift);
}

void spkl_run_leaky_relu_s16(const struct spkl_layer *layer)
{
    const struct spkl_leaky_relu_s16_parameters *p = layer->parameters;
    const int16_t *in = layer->in[0];
    int16_t *out = layer->out;

    for (uint32_t i = 0; i < layer->out_size; i++) {
        int32_t q = in[i];

        q = q >= 0 ? spkl_requantise(q, p->multiplier, p->shift)
                   : spkl_requantise(q, p->alpha_multiplier, p->alpha_shift);
        out[i] = (int16_t)spkl_clamp_to(q, INT16_MIN, INT16_MAX);
    }
}
