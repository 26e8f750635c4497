/* Depthwise convolutions: graded 3. */
#include "conv_check.h"
#include "spkl_conv_s8.h"

/* Bytes of a row of the output, a multiple of 8; the map has at most 2^28. */
static uint32_t row_room(const struct spkl_conv_parameters *p)
{
    uint32_t row = (uint32_t)p->out_width * (uint32_t)p->out_channels;

    return (row + 7) & ~UINT32_C(7);
}

bool spkl_check_depthwise_s8(const struct spkl_layer *layer,
                             uint32_t table_length, uint32_t *scratch)
{
    const struct spkl_conv_parameters *p = layer->parameters;

    if (!spkl_is_of_type(layer, SPKL_TENSOR_INT8) ||
        !spkl_is_geometry(layer, p) || p->groups != p->in_channels ||
        p->bits != 8 ||
        !spkl_are_s8(p->in_zero, p->out_zero, p->act_min, p->act_max) ||
        !spkl_are_channels(layer, table_length, (uint32_t)p->out_channels) ||
        !spkl_has_weights(layer, (uint64_t)p->kernel_y * (uint64_t)p->kernel_x *
                                     (uint64_t)p->out_channels)) {
        return false;
    }
    *scratch = row_room(p);
    if (p->out_channels <= SPKL_DEPTHWISE_PREPARED) {
        *scratch += (uint32_t)p->out_channels * SPKL_DEPTHWISE_CHANNEL;
    }
    return true;
}

/* Whether the output lies over a part of the input. */
static bool is_over(const struct spkl_layer *layer)
{
    uintptr_t in = (uintptr_t)layer->in[0];
    uintptr_t out = (uintptr_t)layer->out;

    return out < in + layer->in_size[0] && in < out + layer->out_size;
}

void spkl_run_depthwise_s8(const struct spkl_layer *layer)
{
    const struct spkl_conv_parameters *p = layer->parameters;
    uint32_t row = (uint32_t)p->out_width * (uint32_t)p->out_channels;
    struct spkl_depthwise d = {
        .p = p,
        .in = layer->in[0],
        .weights = (const int8_t *)layer->weights,
        .how = {layer->table, 0, p->out_zero, p->act_min, p->act_max, 0}};
    uint8_t *scratch = layer->scratch;
    int8_t *out = layer->out;
    int8_t *made = (int8_t *)scratch;
    bool over = is_over(layer);

    d.requantise =
        spkl_choose_requantise(&d.how, (size_t)p->out_channels,
                               (int64_t)p->kernel_y * p->kernel_x * 255 * 128);
    d.words = (uint32_t *)(void *)(scratch + row_room(p));
    for (int32_t oy = 0; oy < p->out_height; oy++, out += row) {
        spkl_depthwise_row_s8(over ? made : out, &d, oy);
        for (uint32_t i = 0; over && i < row; i++) {
            out[i] = made[i];
        }
    }
}
