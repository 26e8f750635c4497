/* Depthwise convolutions of int16: docs/reference/graded.md 3. */
#include "conv_check.h"
#include "conv_s16.h"

bool spkl_check_depthwise_s16(const struct spkl_layer *layer,
                              uint32_t table_length, uint32_t *scratch)
{
    const struct spkl_conv_parameters *p = layer->parameters;

    if (!spkl_is_geometry(layer, p) || p->groups != p->in_channels ||
        !spkl_is_conv_s16(layer, table_length,
                          (uint32_t)p->kernel_y * (uint32_t)p->kernel_x)) {
        return false;
    }
    *scratch = (uint32_t)p->out_width * (uint32_t)p->out_channels *
               (uint32_t)sizeof(int16_t);
    return true;
}

/* The sum of an output channel's taps inside the map; `in` is its input
 * channel, y and x the first tap. No overflow: 255 x 255 products below 2^22.
 */
static uint64_t sum_taps(const struct spkl_conv_parameters *p,
                         const int16_t *in, const int8_t *weights, int32_t y,
                         int32_t x)
{
    int64_t sum = 0;

    for (int32_t ky = 0; ky < p->kernel_y; ky++, y += p->dilation_y) {
        int32_t at = x;

        for (int32_t kx = 0; kx < p->kernel_x; kx++, at += p->dilation_x) {
            if (y >= 0 && y < p->in_height && at >= 0 && at < p->in_width) {
                uint32_t pixel = (uint32_t)y * (uint32_t)p->in_width;

                pixel += (uint32_t)at;
                sum += in[pixel * (uint32_t)p->in_channels] * *weights;
            }
            weights += p->out_channels;
        }
    }
    return (uint64_t)sum;
}

void spkl_run_depthwise_s16(const struct spkl_layer *layer)
{
    const struct spkl_conv_parameters *p = layer->parameters;
    uint32_t n = (uint32_t)p->out_channels;
    uint32_t of_group = n / (uint32_t)p->groups;
    uint32_t row = (uint32_t)p->out_width * n;
    uint32_t to = 0;

    for (int32_t oy = 0; oy < p->out_height; oy++) {
        int32_t y = oy * p->stride_y - p->pad_y;
        int16_t *kept = layer->scratch;

        for (int32_t ox = 0; ox < p->out_width; ox++) {
            int32_t x = ox * p->stride_x - p->pad_x;

            for (uint32_t o = 0; o < n; o++) {
                const int8_t *weights = (const int8_t *)layer->weights + o;
                const int16_t *in = layer->in[0];

                in += o / of_group;
                *kept++ =
                    spkl_output_s16(layer, o, sum_taps(p, in, weights, y, x));
            }
        }
        spkl_write_kept_s16(layer, to, row);
        to += row;
    }
}
