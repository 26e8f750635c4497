/* The logistic function of int16: docs/reference/graded.md 3.5. */
#include "checks.h"
#include "spkl_requantise.h"

enum { TABLE = 256 };

bool spkl_check_logistic_s16(const struct spkl_layer *layer,
                             uint32_t table_length, uint32_t *scratch)
{
    const struct spkl_logistic_s16_parameters *p = layer->parameters;

    (void)scratch;
    return spkl_is_of_type(layer, SPKL_TENSOR_INT16) &&
           layer->in_size[0] == layer->out_size && layer->weights == NULL &&
           spkl_is_between(p->multiplier, 1, 65535) &&
           spkl_is_between(p->shift, 0, 31) &&
           table_length >= TABLE * sizeof(uint16_t);
}

/*
 * No overflow: the first sum is of 64 bits, and with a shift of at least 1 v is
 * below 2^31; a table's number is below 2^16, and r lies between two of them
 * with 9 more bits, below 2^25.
 */
void spkl_run_logistic_s16(const struct spkl_layer *layer)
{
    const struct spkl_logistic_s16_parameters *p = layer->parameters;
    const uint16_t *table = layer->table;
    const int16_t *in = layer->in[0];
    int16_t *out = layer->out;
    int64_t half = (INT64_C(1) << p->shift) >> 1;

    for (uint32_t i = 0; i < layer->out_size; i++) {
        int64_t product = (int64_t)in[i] * p->multiplier;
        int32_t v = (int32_t)spkl_floor64(product + half, p->shift);
        uint32_t u, r, at;

        u = v < 0 ? 0u - (uint32_t)v : (uint32_t)v;
        at = u >> 9;
        r = UINT32_C(0x7FFF) << 10;
        if (at < TABLE - 1) {
            uint32_t rise = (uint32_t)table[at + 1] - table[at];

            r = ((uint32_t)table[at] << 9) + (u & 511u) * rise;
        }
        r = v >= 0 ? r + 512 : (UINT32_C(1) << 25) - r + 511;
        out[i] = (int16_t)(r >> 10);
    }
}
