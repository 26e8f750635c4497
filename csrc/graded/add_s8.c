#include "operands.h"
#include "spkl_compiler.h"

enum {
    NUMBERS = 256,
    /* Outputs from which on tables are worth their making. */
    TABLES_FROM = 1024
};

/* What an operand's numbers, as unsigned bytes, bring to a sum. */
struct parts {
    int32_t a[NUMBERS];
    int32_t b[NUMBERS];
};

/* How a sum becomes an output where the shift is below -1. */
struct outputs {
    int32_t multiplier;
    int32_t half; /* of the shift to the right: the first one of two */
    int32_t more; /* to be added between them: 1 + 2 out_zero */
    int32_t low;
    int32_t high;
};

bool spkl_check_add_s8(const struct spkl_layer *layer, uint32_t table_length,
                       uint32_t *scratch)
{
    (void)table_length;
    if (layer->out_size >= TABLES_FROM) {
        *scratch = sizeof(struct parts);
    }
    return spkl_is_add(layer, SPKL_TENSOR_INT8);
}

static void make_parts(const struct spkl_add_parameters *p, struct parts *parts)
{
    for (int32_t q = INT8_MIN; q <= INT8_MAX; q++) {
        parts->a[(uint8_t)q] =
            spkl_add_part(p, q - p->a_zero, p->a_multiplier, p->a_shift);
        parts->b[(uint8_t)q] =
            spkl_add_part(p, q - p->b_zero, p->b_multiplier, p->b_shift);
    }
}

/*
 * n elements that follow each other in both operands. As spkl_halve, with the
 * zero point added before the last shift. No overflow: what is halved at least
 * once is below 2^30.
 */
SPKL_NOINLINE static void add_run(const struct outputs *outputs,
                                  const int32_t *parts, int8_t *out,
                                  const uint8_t *a, const uint8_t *b, int32_t n)
{
    struct outputs o = *outputs;
    int8_t *end = out + n;

    while (out != end) {
        int32_t x = spkl_add_words(parts[*a++], parts[NUMBERS + *b++]);

        x = spkl_high(x, o.multiplier);
        x = spkl_floor(x + spkl_floor(x, 31), o.half) + o.more;
        *out++ = (int8_t)spkl_clamp_to(spkl_floor(x, 1), o.low, o.high);
    }
}

void spkl_run_add_s8(const struct spkl_layer *layer)
{
    const struct spkl_add_parameters *p = layer->parameters;
    struct parts *parts = layer->scratch;
    struct outputs outputs = {p->out_multiplier, -1 - p->out_shift,
                              1 + 2 * p->out_zero, p->act_min, p->act_max};
    bool has_parts = layer->out_size >= TABLES_FROM && outputs.half > 0;
    int8_t *out = layer->out;
    struct spkl_walk_axes walk;

    if (has_parts) {
        make_parts(p, parts);
    }
    spkl_walk_begin(&walk, p->size, p->a_step, p->b_step);
    do {
        const int8_t *a = (const int8_t *)layer->in[0] + walk.at[0];
        const int8_t *b = (const int8_t *)layer->in[1] + walk.at[1];
        int32_t n = walk.size[0];

        if (has_parts && walk.step[0][0] == 1 && walk.step[0][1] == 1) {
            add_run(&outputs, parts->a, out, (const uint8_t *)a,
                    (const uint8_t *)b, n);
            out += n;
            continue;
        }
        for (; n > 0; n--) {
            *out++ = (int8_t)spkl_add_one(p, *a, *b);
            a += walk.step[0][0];
            b += walk.step[0][1];
        }
    } while (spkl_walk_next(&walk));
}
