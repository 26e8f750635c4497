/* Fully connected layers of int8: graded 3. */
#include "conv_check.h"
#include "listed.h"

bool spkl_check_dense_s8(const struct spkl_layer *layer, uint32_t table_length,
                         uint32_t *scratch)
{
    const struct spkl_dense_parameters *p = layer->parameters;

    if (!spkl_is_of_type(layer, SPKL_TENSOR_INT8) || !spkl_is_size(p->inputs) ||
        !spkl_is_size(p->rows) || !spkl_is_size(p->outputs) ||
        !spkl_is_product(layer->in_size[0], p->rows, p->inputs, 1) ||
        !spkl_is_product(layer->out_size, p->rows, p->outputs, 1) ||
        (p->bits != 8 && p->bits != 4 && p->bits != 2) ||
        !spkl_are_s8(p->in_zero, p->out_zero, p->act_min, p->act_max) ||
        !spkl_are_scales(layer, table_length, (uint32_t)p->outputs) ||
        !spkl_are_rows(layer, (uint64_t)p->inputs, (uint32_t)p->outputs, 1,
                       (uint32_t)p->bits)) {
        return false;
    }
    *scratch = spkl_listed_room((uint64_t)p->inputs, p->in_zero, 1,
                                (uint32_t)p->outputs);
    return true;
}

void spkl_run_dense_s8(const struct spkl_layer *layer)
{
    const struct spkl_dense_parameters *p = layer->parameters;
    struct spkl_listed l = {
        .requantise = spkl_scale_s8,
        .how = {layer->table, 0, p->out_zero, p->act_min, p->act_max, 0},
        .channel_size = sizeof(struct spkl_dense_record),
        .inputs = (uint32_t)p->inputs,
        .out_channels = (uint32_t)p->outputs,
        .bits = (uint32_t)p->bits};
    const int8_t *in = layer->in[0];
    int8_t *out = layer->out;

    spkl_listed_start(&l, layer, p->in_zero);
    for (int32_t row = 0; row < p->rows; row++) {
        spkl_listed_begin(&l);
        spkl_listed_take(&l, l.sums, in, l.inputs, l.weights);
        spkl_listed_write(&l, out);
        in += p->inputs;
        out += p->outputs;
    }
}
