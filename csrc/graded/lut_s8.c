#include "checks.h"

enum { TABLE = 256 };

bool spkl_check_lut_s8(const struct spkl_layer *layer, uint32_t table_length,
                       uint32_t *scratch)
{
    (void)scratch;
    return spkl_is_of_type(layer, SPKL_TENSOR_INT8) &&
           layer->in_size[0] == layer->out_size && layer->weights == NULL &&
           table_length >= TABLE;
}

void spkl_run_lut_s8(const struct spkl_layer *layer)
{
    const uint8_t *table = layer->table;
    const uint8_t *in = layer->in[0];
    uint8_t *out = layer->out;

    /* The byte of q with its highest bit inverted is q + 128. */
    for (uint32_t i = 0; i < layer->out_size; i++) {
        out[i] = table[in[i] ^ 0x80u];
    }
}
