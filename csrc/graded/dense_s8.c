/*
 * Fully connected layers of int8: graded 3. Inputs are listed anew for each
 * block of outputs, some at a time, in a short list on the stack: networks of
 * such layers have little memory, and a list of all inputs would take more than
 * their tensors.
 */
#include "conv_check.h"
#include "listed.h"

enum { LIST = 384 };

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
    *scratch = 0;
    return true;
}

/* Sum all inputs into the n outputs of a block of weights. */
static void sum_block(struct spkl_list *list, int32_t *sums, uint32_t n,
                      const struct spkl_dense_parameters *p, const int8_t *in)
{
    spkl_list_inputs_fn *list_inputs = spkl_list_inputs_of(p->in_zero);
    spkl_sum_list_fn *sum_list = spkl_sum_list_of((uint32_t)p->bits);
    uint32_t left = (uint32_t)p->inputs;
    const uint8_t *row = list->rows;
    bool more = false;

    list->sum = 0;
    while (left > 0) {
        uint32_t took;

        spkl_list_clear(list);
        took = (uint32_t)list_inputs(list, in, left, row);
        sum_list(sums, list, n, more);
        more = true;
        in += took;
        row += (size_t)took * list->row_size;
        left -= took;
    }
}

/* One row of outputs. */
static void run_row(const struct spkl_layer *layer, int8_t *out,
                    const int8_t *in)
{
    const struct spkl_dense_parameters *p = layer->parameters;
    const struct spkl_dense_record *records = layer->table;
    uint64_t room[(LIST + SPKL_LIST_SPARE) / 8];
    int32_t sums[SPKL_CONV_BLOCK];
    uint32_t outputs = (uint32_t)p->outputs;
    struct spkl_outputs how = {records,    0,          p->out_zero,
                               p->act_min, p->act_max, 0};
    struct spkl_list list = {.rows = layer->weights,
                             .zero = p->in_zero,
                             .begin = (uint8_t *)room,
                             .end = (uint8_t *)room + LIST};

    for (uint32_t at = 0; at < outputs; at += SPKL_CONV_BLOCK) {
        uint32_t n = spkl_block(outputs, at);

        list.row_size = spkl_row_size(n, (uint32_t)p->bits);
        sum_block(&list, sums, n, p, in);
        how.channels = records + at;
        how.offset = (int32_t)(0u - ((uint32_t)list.sum << (p->bits - 1)));
        spkl_scale_s8(out + at, sums, n, &how);
        list.rows += (size_t)p->inputs * list.row_size;
    }
}

void spkl_run_dense_s8(const struct spkl_layer *layer)
{
    const struct spkl_dense_parameters *p = layer->parameters;
    const int8_t *in = layer->in[0];
    int8_t *out = layer->out;

    for (int32_t row = 0; row < p->rows; row++) {
        run_row(layer, out, in);
        in += p->inputs;
        out += p->outputs;
    }
}
