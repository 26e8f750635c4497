#include "spkl_encode.h"

size_t spkl_encode_latency(const struct spkl_encoding *e, uint16_t *neurons,
                           int16_t *values)
{
    size_t n = 0;

    for (uint32_t i = 0; i < e->n; i++) {
        uint32_t step = spkl_encode_step(e, i);

        if (step > 0 &&
            ((65536 - step) * (e->window - 1)) >> 16 == e->sample_tick) {
            neurons[n] = (uint16_t)i;
            values[n] = 1;
            n++;
        }
    }
    return n;
}
