/* Hosts: what a value of 0 to 255 gives in this tick is looked up, and eight
 * dark places are passed at once (their step is 0). */
#include <string.h>

#include "spkl_kernels.h"

enum { VALUES = 256, AT_ONCE = 8, STEP_MAX = 65536 };

static void find_events(const struct spkl_encoding *e, uint8_t fires[VALUES])
{
    for (uint32_t x = 0; x < VALUES; x++) {
        uint32_t step = x * e->gain;
        uint32_t before;

        step = step < STEP_MAX ? step : STEP_MAX;
        before = e->sample_tick * step;
        fires[x] = (before + step) >> 16 != before >> 16;
    }
}

size_t spkl_encode_rate(const struct spkl_encoding *e, uint16_t *neurons,
                        int16_t *values)
{
    uint8_t fires[VALUES];
    const uint8_t *frame = e->frame;
    uint32_t size = e->n;
    size_t n = 0;

    find_events(e, fires);
    for (uint32_t i = 0; i < size;) {
        uint32_t end = size - i < AT_ONCE ? size : i + AT_ONCE;

        if (end - i == AT_ONCE) {
            uint64_t some;

            memcpy(&some, frame + i, sizeof some);
            if (some == 0) {
                i = end;
                continue;
            }
        }
        /* n <= i, so that the place is one of this port's */
        for (; i < end; i++) {
            neurons[n] = (uint16_t)i;
            values[n] = 1;
            n += fires[frame[i]];
        }
    }
    return n;
}
