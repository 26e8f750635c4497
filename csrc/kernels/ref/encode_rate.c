#include "spkl_encode.h"

size_t spkl_encode_rate(const struct spkl_encoding *e, uint16_t *neurons,
                        int16_t *values)
{
    size_t n = 0;

    for (uint32_t i = 0; i < e->n; i++) {
        uint32_t step = spkl_encode_step(e, i);
        uint32_t before = e->sample_tick * step;

        if ((before + step) >> 16 != before >> 16) {
            neurons[n] = (uint16_t)i;
            values[n] = 1;
            n++;
        }
    }
    return n;
}
