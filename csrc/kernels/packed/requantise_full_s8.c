/* As the general way, without what such layers do not have. */
#include "spkl_conv_s8.h"
#include "spkl_requantise.h"

/* No overflow: |sum| < 2^30, so that |high| < 2^30. With the multiplier 0 the
 * shift does not matter, so that it may be taken modulo 32. */
void spkl_requantise_full_s8(int8_t *out, const int32_t *acc, size_t n,
                             const struct spkl_outputs *how)
{
    const struct spkl_channel_record *channel = how->channels;

    for (const int32_t *end = acc + n; acc != end; acc++, channel++) {
        int32_t x = (int32_t)((uint32_t)*acc + (uint32_t)channel->bias +
                              (uint32_t)how->offset);
        int32_t v = spkl_high(x, channel->multiplier);

        v = ((v + (v >> 31)) >> (~channel->shift & 31)) + 1;
        *out++ = (int8_t)spkl_clamp_to((v >> 1) + how->out_zero, -128, 127);
    }
}
