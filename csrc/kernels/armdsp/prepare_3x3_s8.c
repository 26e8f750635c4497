/* What sweep_3x3_s8.S loads for a channel: six words, all doubled. */
#include "spkl_conv_s8.h"

static uint32_t both(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xFFFFu) | (uint32_t)high << 16;
}

void spkl_prepare_3x3_s8(const struct spkl_sweep *s)
{
    uint32_t *kept = s->kept;

    for (size_t channel = 0; channel < s->n; channel++, kept += 6) {
        const int8_t *weight = s->weights + channel;
        int32_t w[9];
        int32_t sum = 0;

        for (unsigned i = 0; i < 9; i++, weight += s->step) {
            w[i] = 2 * *weight;
            sum += w[i];
        }
        kept[0] = (uint32_t)(2 * s->channels[channel].bias - s->zero * sum);
        kept[1] = both(w[0], w[3]);
        kept[2] = both(w[1], w[4]);
        kept[3] = both(w[2], w[5]);
        kept[4] = both(w[6], w[7]);
        kept[5] = both(w[8], 0);
    }
}
