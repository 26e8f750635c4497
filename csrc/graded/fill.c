#include "checks.h"
#include "elements.h"

bool spkl_check_fill(const struct spkl_layer *layer, uint32_t table_length,
                     uint32_t *scratch)
{
    const struct spkl_fill_parameters *p = layer->parameters;

    (void)table_length;
    (void)scratch;
    return spkl_has_no_arrays(layer) &&
           spkl_is_in_type(p->value, layer->out_type);
}

void spkl_run_fill(const struct spkl_layer *layer)
{
    const struct spkl_fill_parameters *p = layer->parameters;

    for (uint32_t i = 0; i < layer->out_size; i++) {
        spkl_set_element(layer->out, layer->out_type, i, p->value);
    }
}
