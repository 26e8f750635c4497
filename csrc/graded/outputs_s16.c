#include "checks.h"
#include "conv_s16.h"
#include "spkl_requantise.h"
#include "sum_s16.h"

bool spkl_is_conv_s16(const struct spkl_layer *layer, uint32_t table_length,
                      uint32_t inputs)
{
    const struct spkl_conv_parameters *p = layer->parameters;
    const struct spkl_channel_s16_record *channels = layer->table;
    int32_t most = p->bits == 64 ? 14 : 30;
    uint32_t n = (uint32_t)p->out_channels;

    if (!spkl_is_of_type(layer, SPKL_TENSOR_INT16) ||
        (p->bits != 64 && p->bits != 32) || p->in_zero != 0 ||
        p->out_zero != 0 ||
        !spkl_is_clamp(p->act_min, p->act_max, SPKL_TENSOR_INT16) ||
        !spkl_has_weights(layer, (uint64_t)inputs * n) ||
        table_length / sizeof *channels < n) {
        return false;
    }
    for (uint32_t o = 0; o < n; o++) {
        if (channels[o].multiplier < 0 ||
            !spkl_is_between(channels[o].shift, -31, most)) {
            return false;
        }
    }
    return true;
}

int16_t spkl_output_s16(const struct spkl_layer *layer, uint32_t channel,
                        uint64_t sum)
{
    const struct spkl_conv_parameters *p = layer->parameters;
    const struct spkl_channel_s16_record *c = layer->table;
    int32_t x;

    c += channel;
    sum += spkl_two_words(c->bias_low, c->bias_high);
    if (p->bits == 64) {
        x = spkl_requantise64((int64_t)sum, c->multiplier, c->shift);
    } else {
        x = spkl_requantise((int32_t)(uint32_t)sum, c->multiplier, c->shift);
    }
    return (int16_t)spkl_clamp_to(x, p->act_min, p->act_max);
}

void spkl_write_kept_s16(const struct spkl_layer *layer, uint32_t at,
                         uint32_t n)
{
    const int16_t *kept = layer->scratch;
    int16_t *out = (int16_t *)layer->out + at;

    for (uint32_t i = 0; i < n; i++) {
        out[i] = kept[i];
    }
}
