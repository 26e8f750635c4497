/* What sweep_3x3_s8.S loads for four channels. */
#include "spkl_conv_s8.h"

struct four {
    int32_t base[4]; /* bias less the zero point times all weights */
    int32_t bias[4];
    int32_t multiplier[4];
    int8_t shift[4];
    int8_t weights[9][4];
    uint32_t unused[2];
};

static void keep(struct four *to, unsigned k, const struct spkl_sweep *s,
                 size_t channel)
{
    const struct spkl_channel_record *record = &s->channels[channel];
    const int8_t *weight = s->weights + channel;
    int32_t sum = 0;

    for (unsigned i = 0; i < 9; i++, weight += s->step) {
        to->weights[i][k] = *weight;
        sum += *weight;
    }
    to->base[k] = record->bias - s->zero * sum;
    to->bias[k] = record->bias;
    to->multiplier[k] = record->multiplier;
    to->shift[k] = (int8_t)(record->shift < 0 ? record->shift : 0);
}

void spkl_prepare_3x3_s8(const struct spkl_sweep *s)
{
    struct four *fours = (void *)s->kept;

    for (size_t channel = 0; channel < s->n; channel++) {
        keep(&fours[channel / 4], channel % 4, s, channel);
    }
}
