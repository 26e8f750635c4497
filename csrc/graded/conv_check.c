/* What convolutions have in common when an image is opened: graded 4.8. */
#include "conv_check.h"

bool spkl_are_s8(int32_t in_zero, int32_t out_zero, int32_t act_min,
                 int32_t act_max)
{
    return spkl_is_in_type(in_zero, SPKL_TENSOR_INT8) &&
           spkl_is_in_type(out_zero, SPKL_TENSOR_INT8) &&
           spkl_is_clamp(act_min, act_max, SPKL_TENSOR_INT8);
}

/* Steps, padding, and the size of the output of an axis. */
static bool is_axis(int32_t in, int32_t out, int32_t kernel, int32_t stride,
                    int32_t dilation, int32_t pad)
{
    return spkl_is_size(in) && spkl_is_size(out) && spkl_is_small(kernel) &&
           spkl_is_small(stride) && spkl_is_small(dilation) &&
           spkl_is_between(pad, 0, (kernel - 1) * dilation) &&
           (out - 1) * stride - pad < in;
}

bool spkl_is_geometry(const struct spkl_layer *layer,
                      const struct spkl_conv_parameters *p)
{
    return is_axis(p->in_height, p->out_height, p->kernel_y, p->stride_y,
                   p->dilation_y, p->pad_y) &&
           is_axis(p->in_width, p->out_width, p->kernel_x, p->stride_x,
                   p->dilation_x, p->pad_x) &&
           spkl_is_size(p->in_channels) && spkl_is_size(p->out_channels) &&
           spkl_is_size(p->groups) && p->in_channels % p->groups == 0 &&
           p->out_channels % p->groups == 0 &&
           spkl_is_product(layer->in_size[0], p->in_height, p->in_width,
                           p->in_channels) &&
           spkl_is_product(layer->out_size, p->out_height, p->out_width,
                           p->out_channels);
}

bool spkl_are_channels(const struct spkl_layer *layer, uint32_t table_length,
                       uint32_t n)
{
    const struct spkl_channel_record *channels = layer->table;

    if (channels == NULL || table_length / sizeof *channels < n) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!spkl_is_requantisation(channels[i].multiplier,
                                    channels[i].shift)) {
            return false;
        }
    }
    return true;
}

bool spkl_are_scales(const struct spkl_layer *layer, uint32_t table_length,
                     uint32_t n)
{
    const struct spkl_dense_record *channels = layer->table;

    if (channels == NULL || table_length / sizeof *channels < n) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (channels[i].multiplier_high < 0 ||
            channels[i].multiplier_high >= INT32_C(1) << 30 ||
            !spkl_is_between(channels[i].shift, 33, 95)) {
            return false;
        }
    }
    return true;
}
