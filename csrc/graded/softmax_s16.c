/* Softmax of int16: docs/reference/graded.md 3.4. */
#include "checks.h"
#include "spkl_requantise.h"

enum { TABLE = 513, LEAST = -32768, MOST = 32767 };

bool spkl_check_softmax_s16(const struct spkl_layer *layer,
                            uint32_t table_length, uint32_t *scratch)
{
    const struct spkl_softmax_s16_parameters *p = layer->parameters;
    const int16_t *tables = layer->table;

    (void)scratch;
    if (!spkl_is_of_type(layer, SPKL_TENSOR_INT16) ||
        layer->in_size[0] != layer->out_size || layer->weights != NULL ||
        !spkl_is_size(p->rows) || !spkl_is_size(p->depth) ||
        (uint32_t)p->rows * (uint32_t)p->depth != layer->out_size ||
        !spkl_is_requantisation(p->multiplier, p->shift) ||
        table_length < 2 * TABLE * sizeof *tables) {
        return false;
    }
    for (unsigned i = 0; i < 2 * TABLE; i++) {
        if (tables[i] < 1) {
            return false;
        }
    }
    return tables[TABLE - 2] > 1 && tables[TABLE - 1] > 1;
}

/* Graded 1.7. */
static int32_t look_up(const int16_t *table, int32_t x)
{
    uint32_t v = (uint32_t)(x - LEAST);
    const int16_t *at = table + (v >> 7);

    return at[0] + spkl_floor((at[1] - at[0]) * (int32_t)(v & 127) + 64, 7);
}

static int32_t exponential(const struct spkl_layer *layer, int32_t difference)
{
    const struct spkl_softmax_s16_parameters *p = layer->parameters;
    int32_t x = spkl_requantise(difference, p->multiplier, p->shift);

    x = spkl_add_words(x, MOST);
    return look_up(layer->table, spkl_clamp_to(x, LEAST, MOST));
}

/* No overflow: a sum is at least 2, the exponential of 0, and at most 65535
 * exponentials, each below 2^15. */
static void run_row(const struct spkl_layer *layer, const int16_t *in,
                    int16_t *out, int32_t depth)
{
    const int16_t *reciprocals = (const int16_t *)layer->table + TABLE;
    int32_t top = in[0];
    int32_t sum = 0;
    int32_t zeros = 1;
    int32_t r;

    for (int32_t i = 1; i < depth; i++) {
        top = in[i] > top ? in[i] : top;
    }
    for (int32_t i = 0; i < depth; i++) {
        sum += exponential(layer, in[i] - top);
    }
    while (sum << (zeros - 1) < INT32_C(1) << 30) {
        zeros++;
    }
    r = (int32_t)((((uint32_t)sum << (zeros - 1)) + (1u << 13)) >> 14);
    r = look_up(reciprocals, spkl_clamp_to(r - 98304, LEAST, MOST));
    /* A row that moves up goes from its end: no value is overwritten before it
     * is read. */
    for (int32_t n = 0; n < depth; n++) {
        int32_t i = (uintptr_t)out > (uintptr_t)in ? depth - 1 - n : n;
        int32_t product = exponential(layer, in[i] - top) * r;
        int32_t half = INT32_C(1) << (30 - zeros);

        out[i] = (int16_t)spkl_clamp_to(spkl_floor(product + half, 31 - zeros),
                                        0, MOST);
    }
}

void spkl_run_softmax_s16(const struct spkl_layer *layer)
{
    const struct spkl_softmax_s16_parameters *p = layer->parameters;
    const int16_t *in = layer->in[0];
    int16_t *out = layer->out;

    for (int32_t row = 0; row < p->rows; row++) {
        run_row(layer, in, out, p->depth);
        in += p->depth;
        out += p->depth;
    }
}
