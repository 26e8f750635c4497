#include "checks.h"
#include "elements.h"
#include "spkl_requantise.h"

bool spkl_check_rescale(const struct spkl_layer *layer, uint32_t table_length,
                        uint32_t *scratch)
{
    const struct spkl_rescale_parameters *p = layer->parameters;

    (void)table_length;
    (void)scratch;
    return spkl_has_no_arrays(layer) && layer->in_size[0] == layer->out_size &&
           spkl_is_in_type(p->in_zero, layer->in_type[0]) &&
           spkl_is_in_type(p->out_zero, layer->out_type) &&
           spkl_is_requantisation(p->multiplier, p->shift) &&
           spkl_is_clamp(p->act_min, p->act_max, layer->out_type);
}

void spkl_run_rescale(const struct spkl_layer *layer)
{
    const struct spkl_rescale_parameters *p = layer->parameters;

    for (uint32_t i = 0; i < layer->out_size; i++) {
        int32_t q = spkl_element(layer->in[0], layer->in_type[0], i);
        int32_t x = spkl_subtract_words(q, p->in_zero);

        x = spkl_requantise(x, p->multiplier, p->shift);
        x = spkl_clamp_to(spkl_add_words(x, p->out_zero), p->act_min,
                          p->act_max);
        spkl_set_element(layer->out, layer->out_type, i, x);
    }
}
