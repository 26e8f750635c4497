#include "operands.h"

bool spkl_check_mul_s16(const struct spkl_layer *layer, uint32_t table_length,
                        uint32_t *scratch)
{
    (void)table_length;
    (void)scratch;
    return spkl_is_mul(layer, SPKL_TENSOR_INT16);
}

void spkl_run_mul_s16(const struct spkl_layer *layer)
{
    const struct spkl_mul_parameters p =
        *(const struct spkl_mul_parameters *)layer->parameters;
    int16_t *out = layer->out;
    struct spkl_walk_axes walk;

    spkl_walk_begin(&walk, p.size, p.a_step, p.b_step);
    do {
        const int16_t *a = (const int16_t *)layer->in[0] + walk.at[0];
        const int16_t *b = (const int16_t *)layer->in[1] + walk.at[1];

        for (int32_t n = walk.size[0]; n > 0; n--) {
            *out++ = (int16_t)spkl_mul_one(&p, *a, *b);
            a += walk.step[0][0];
            b += walk.step[0][1];
        }
    } while (spkl_walk_next(&walk));
}
