/* Softmax of int8: docs/reference/graded.md 3.2. */
#include "checks.h"
#include "spkl_requantise.h"

enum { DEPTH_MAX = 4095, ENTRIES_MAX = 256, SUM_BITS = 12 };

bool spkl_check_softmax_s8(const struct spkl_layer *layer,
                           uint32_t table_length, uint32_t *scratch)
{
    const struct spkl_softmax_s8_parameters *p = layer->parameters;
    const int32_t *table = layer->table;

    (void)scratch;
    if (!spkl_is_of_type(layer, SPKL_TENSOR_INT8) ||
        layer->in_size[0] != layer->out_size || layer->weights != NULL ||
        !spkl_is_size(p->rows) || !spkl_is_between(p->depth, 1, DEPTH_MAX) ||
        (uint32_t)p->rows * (uint32_t)p->depth != layer->out_size ||
        !spkl_is_between(p->entries, 1, ENTRIES_MAX) ||
        table_length < (uint32_t)p->entries * 4 ||
        table[0] < INT32_C(1) << SUM_BITS) {
        return false;
    }
    for (int32_t i = 0; i < p->entries; i++) {
        if (table[i] < 0) {
            return false;
        }
    }
    return true;
}

/* n x, saturated to a word, n 4 or 2. */
static int32_t saturated(int32_t x, int32_t n)
{
    int32_t most = INT32_MAX / n;

    if (x > most) {
        return INT32_MAX;
    }
    return x < -most - 1 ? INT32_MIN : x * n;
}

/* 1 / (1 + x), x in 0 .. 1 with 31 fraction bits, even. */
static int32_t reciprocal(int32_t x)
{
    int32_t d = (int32_t)(((uint32_t)x + 0x80000000u) >> 1);
    int32_t r = spkl_add_words(1515870810, spkl_high(d, -1010580540));

    for (unsigned i = 0; i < 3; i++) {
        int32_t miss = spkl_subtract_words(INT32_C(1) << 29, spkl_high(d, r));

        r = spkl_add_words(r, saturated(spkl_high(r, miss), 4));
    }
    return saturated(r, 2);
}

/* The exponential of a value below the largest one. (An output that lies over
 * other values of its row, which no planner does, may bring larger ones.) */
static int32_t exponential(const struct spkl_layer *layer, int32_t below)
{
    const struct spkl_softmax_s8_parameters *p = layer->parameters;
    const int32_t *table = layer->table;

    return (uint32_t)below < (uint32_t)p->entries ? table[below] : 0;
}

/* No overflow: a sum is at most 4095 halved words, 2^31 - 2^19; it is at least
 * 1, the entry of the largest value. */
static void run_row(const struct spkl_layer *layer, const int8_t *in,
                    int8_t *out, int32_t depth)
{
    int32_t top = in[0];
    int32_t sum = 0;
    int32_t zeros = 0;
    int32_t r;

    for (int32_t i = 1; i < depth; i++) {
        top = in[i] > top ? in[i] : top;
    }
    for (int32_t i = 0; i < depth; i++) {
        sum += spkl_halve(exponential(layer, top - in[i]), SUM_BITS);
    }
    while ((uint32_t)sum << zeros < 0x80000000u) {
        zeros++;
    }
    r = reciprocal((int32_t)(((uint32_t)sum << zeros) - 0x80000000u));
    /* A row that moves up goes from its end: no value is overwritten before it
     * is read. */
    for (int32_t n = 0; n < depth; n++) {
        int32_t i = (uintptr_t)out > (uintptr_t)in ? depth - 1 - n : n;
        int32_t q = spkl_high(r, exponential(layer, top - in[i]));

        q = zeros < 4 ? 0 : spkl_halve(q, 35 - zeros);
        out[i] = (int8_t)spkl_clamp_to(q - 128, -128, 127);
    }
}

void spkl_run_softmax_s8(const struct spkl_layer *layer)
{
    const struct spkl_softmax_s8_parameters *p = layer->parameters;
    const int8_t *in = layer->in[0];
    int8_t *out = layer->out;

    for (int32_t row = 0; row < p->rows; row++) {
        run_row(layer, in, out, p->depth);
        in += p->depth;
        out += p->depth;
    }
}
