/* Convolutions of int8 when an image is opened: graded 4.8. */
#include "conv_check.h"
#include "listed.h"

bool spkl_check_conv_s8(const struct spkl_layer *layer, uint32_t table_length,
                        uint32_t *scratch)
{
    const struct spkl_conv_parameters *p = layer->parameters;
    uint64_t inputs;
    uint32_t channels;

    if (layer->in_type[0] != SPKL_TENSOR_INT8 ||
        layer->out_type != SPKL_TENSOR_INT8 || !spkl_is_geometry(layer, p) ||
        (p->bits != 8 && p->bits != 4 && p->bits != 2) ||
        !spkl_are_s8(p->in_zero, p->out_zero, p->act_min, p->act_max)) {
        return false;
    }
    channels = (uint32_t)p->out_channels;
    inputs = (uint64_t)p->kernel_y * (uint64_t)p->kernel_x *
             (uint64_t)(p->in_channels / p->groups);
    if (!spkl_are_channels(layer, table_length, channels) ||
        !spkl_are_rows(layer, inputs, channels / (uint32_t)p->groups,
                       (uint32_t)p->groups, (uint32_t)p->bits)) {
        return false;
    }
    *scratch = spkl_listed_room(inputs, p->in_zero, p->groups, channels);
    return true;
}
