#include "spkl_encode.h"

size_t spkl_encode_direct(const struct spkl_encoding *e, uint16_t *neurons,
                          int16_t *values)
{
    size_t n = 0;

    for (uint32_t i = 0; i < e->n; i++) {
        uint32_t value = (spkl_encode_step(e, i) * e->max_value) >> 16;

        if (value > 0) {
            neurons[n] = (uint16_t)i;
            values[n] = (int16_t)value;
            n++;
        }
    }
    return n;
}
