/* Defines the result: graded 3. */
#include "spkl_conv_s8.h"
#include "spkl_requantise.h"

/* The sum of a channel for the output whose first column is `first`; columns
 * from `from` to `to` of the kernel lie inside the map. */
static int32_t sum_of(const struct spkl_sweep *s, int32_t first, int32_t from,
                      int32_t to, size_t channel)
{
    int32_t sum = 0;

    for (int32_t ky = s->down < 0; ky + s->down < 3 && ky < 3; ky++) {
        const int8_t *row = s->in + (size_t)(ky + s->down) * s->row + channel;
        const int8_t *weights = s->weights + 3 * (size_t)ky * s->step + channel;

        for (int32_t kx = from; kx <= to; kx++) {
            sum += weights[(size_t)kx * s->step] *
                   (row[(size_t)(first + kx) * s->step] - s->zero);
        }
    }
    return sum;
}

void spkl_sweep_3x3_s8(const struct spkl_sweep *s)
{
    for (size_t channel = 0; channel < s->n; channel++) {
        const struct spkl_channel_record *c = &s->channels[channel];
        int8_t *out = s->out + channel;
        int32_t first = -(int32_t)s->left;
        uint32_t outputs = s->whole + s->right;

        for (uint32_t x = 0; x < outputs; x++) {
            int32_t sum =
                sum_of(s, first, first < 0, x < s->whole ? 2 : 1, channel);
            int32_t y = spkl_requantise(c->bias + sum, c->multiplier, c->shift);

            *out = (int8_t)(spkl_clamp_to(y, 0, 255) - 128);
            out += s->step;
            first += (int32_t)s->stride;
        }
    }
}
