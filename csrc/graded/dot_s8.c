/* Dot products of rows: graded 3, for fully connected layers of few outputs. */
#include "conv_check.h"
#include "spkl_conv_s8.h"

/* Whether each row of weights ends with zeros up to a multiple of 4. */
static bool is_padded(const uint8_t *weights, uint32_t inputs, uint32_t stride,
                      uint32_t outputs)
{
    for (uint32_t o = 0; o < outputs; o++, weights += stride) {
        for (uint32_t i = inputs; i < stride; i++) {
            if (weights[i] != 0) {
                return false;
            }
        }
    }
    return true;
}

bool spkl_check_dot_s8(const struct spkl_layer *layer, uint32_t table_length,
                       uint32_t *scratch)
{
    const struct spkl_dot_parameters *p = layer->parameters;
    uint32_t stride;

    if (!spkl_is_of_type(layer, SPKL_TENSOR_INT8) || layer->weights == NULL ||
        !spkl_is_size(p->rows) || !spkl_is_size(p->inputs) ||
        !spkl_is_size(p->outputs) ||
        !spkl_is_product(layer->in_size[0], p->rows, p->inputs, 1) ||
        !spkl_is_product(layer->out_size, p->rows, p->outputs, 1) ||
        !spkl_are_s8(p->in_zero, p->out_zero, p->act_min, p->act_max) ||
        !spkl_are_scales(layer, table_length, (uint32_t)p->outputs)) {
        return false;
    }
    stride = ((uint32_t)p->inputs + 3) & ~UINT32_C(3);
    if ((uint64_t)stride * (uint32_t)p->outputs != layer->weights_length ||
        !is_padded(layer->weights, (uint32_t)p->inputs, stride,
                   (uint32_t)p->outputs)) {
        return false;
    }
    *scratch = (uint32_t)p->outputs * (uint32_t)sizeof(int32_t);
    return true;
}

void spkl_run_dot_s8(const struct spkl_layer *layer)
{
    const struct spkl_dot_parameters *p = layer->parameters;
    struct spkl_outputs how = {layer->table, 0,          p->out_zero,
                               p->act_min,   p->act_max, 0};
    const int8_t *in = layer->in[0];
    int8_t *out = layer->out;
    int32_t *acc = layer->scratch;

    for (int32_t row = 0; row < p->rows; row++) {
        spkl_dot_rows_s8_s32(acc, in, (const int8_t *)layer->weights, p);
        spkl_scale_s8(out, acc, (size_t)p->outputs, &how);
        in += p->inputs;
        out += p->outputs;
    }
}
