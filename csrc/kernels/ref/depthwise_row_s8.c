/* Defines the result: graded 3. */
#include "spkl_conv_s8.h"

/* The sum of output channel o, whose taps begin at input row y0, column x0. */
static int32_t sum_taps(const struct spkl_depthwise *d, int32_t y0, int32_t x0,
                        int32_t o)
{
    const struct spkl_conv_parameters *p = d->p;
    const int8_t *weight = d->weights + o;
    int32_t channel = o / (p->out_channels / p->in_channels);
    uint32_t sum = 0;

    for (int32_t ky = 0; ky < p->kernel_y; ky++) {
        int32_t y = y0 + ky * p->dilation_y;

        for (int32_t kx = 0; kx < p->kernel_x; kx++) {
            int32_t x = x0 + kx * p->dilation_x;

            if (y >= 0 && y < p->in_height && x >= 0 && x < p->in_width) {
                size_t at = (size_t)y * (size_t)p->in_width + (size_t)x;
                int32_t q =
                    d->in[at * (size_t)p->in_channels + (size_t)channel];

                sum += (uint32_t)(*weight * (q - p->in_zero));
            }
            weight += p->out_channels;
        }
    }
    return (int32_t)sum;
}

void spkl_depthwise_row_s8(int8_t *out, const struct spkl_depthwise *d,
                           int32_t oy)
{
    const struct spkl_conv_parameters *p = d->p;
    int32_t y0 = oy * p->stride_y - p->pad_y;

    for (int32_t ox = 0; ox < p->out_width; ox++) {
        struct spkl_outputs how = d->how;
        int32_t x0 = ox * p->stride_x - p->pad_x;

        for (int32_t o = 0; o < p->out_channels; o++) {
            int32_t sum = sum_taps(d, y0, x0, o);

            d->requantise(out++, &sum, 1, &how);
            how.channels = (const struct spkl_channel_record *)how.channels + 1;
        }
    }
}
