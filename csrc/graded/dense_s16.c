/* Fully connected layers of int16: docs/reference/graded.md 3 and 1.6. */
#include "checks.h"
#include "conv_s16.h"
#include "spkl_requantise.h"
#include "sum_s16.h"

static bool are_outputs(const struct spkl_dense_s16_record *outputs, uint32_t n)
{
    for (uint32_t o = 0; o < n; o++) {
        if (!spkl_is_between(outputs[o].multiplier_high, 0, 0x3FFFFFFF) ||
            !spkl_is_between(outputs[o].shift, 33, 95)) {
            return false;
        }
    }
    return true;
}

bool spkl_check_dense_s16(const struct spkl_layer *layer, uint32_t table_length,
                          uint32_t *scratch)
{
    const struct spkl_dot_parameters *p = layer->parameters;
    const struct spkl_dense_s16_record *outputs = layer->table;
    uint32_t n = (uint32_t)p->outputs;

    *scratch = n * (uint32_t)sizeof(int16_t);
    return spkl_is_of_type(layer, SPKL_TENSOR_INT16) && spkl_is_size(p->rows) &&
           spkl_is_size(p->inputs) && spkl_is_size(p->outputs) &&
           p->in_zero == 0 && p->out_zero == 0 &&
           (uint32_t)p->rows * (uint32_t)p->inputs == layer->in_size[0] &&
           (uint32_t)p->rows * n == layer->out_size &&
           spkl_is_clamp(p->act_min, p->act_max, SPKL_TENSOR_INT16) &&
           spkl_has_weights(layer, (uint64_t)n * (uint32_t)p->inputs) &&
           table_length / sizeof *outputs >= n && are_outputs(outputs, n);
}

static int16_t output_of(const struct spkl_dot_parameters *p,
                         const struct spkl_dense_s16_record *c, uint64_t sum)
{
    int64_t x;

    sum += spkl_two_words(c->bias_low, c->bias_high);
    x = spkl_scale64((int64_t)sum, c->multiplier_low, c->multiplier_high,
                     c->shift);
    if (x < p->act_min) {
        return (int16_t)p->act_min;
    }
    return (int16_t)(x > p->act_max ? p->act_max : x);
}

void spkl_run_dense_s16(const struct spkl_layer *layer)
{
    const struct spkl_dot_parameters *p = layer->parameters;
    const struct spkl_dense_s16_record *table = layer->table;
    const int16_t *in = layer->in[0];
    uint32_t n = (uint32_t)p->outputs;
    uint32_t inputs = (uint32_t)p->inputs;
    int16_t *kept = layer->scratch;

    for (uint32_t row = 0; row < (uint32_t)p->rows; row++) {
        const int8_t *weights = (const int8_t *)layer->weights;

        for (uint32_t o = 0; o < n; o++) {
            kept[o] =
                output_of(p, &table[o], spkl_sum_s16(0, in, weights, inputs));
            weights += inputs;
        }
        spkl_write_kept_s16(layer, row * n, n);
        in += inputs;
    }
}
