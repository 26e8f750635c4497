/* Of a sum below 0 nothing is left to do; of others roundings have one
 * direction. */
#include "spkl_conv_s8.h"
#include "spkl_requantise.h"

/* No overflow: high is below 2^31 - 1. With the multiplier 0 the shift does not
 * matter, so that it may be taken modulo 32. */
void spkl_requantise_relu_s8(int8_t *out, const int32_t *acc, size_t n,
                             const struct spkl_outputs *how)
{
    const struct spkl_channel_record *channel = how->channels;

    for (const int32_t *end = acc + n; acc != end; acc++, channel++) {
        int32_t x = (int32_t)((uint32_t)*acc + (uint32_t)channel->bias +
                              (uint32_t)how->offset);
        int8_t y = -128;

        if (x > 0) {
            int32_t v = spkl_high(x, channel->multiplier);

            v = (v >> (~channel->shift & 31)) + 1;
            y = v >= 512 ? 127 : (int8_t)((v >> 1) - 128);
        }
        *out++ = y;
    }
}
