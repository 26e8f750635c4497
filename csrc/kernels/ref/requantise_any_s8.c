/* Defines the result: graded 1.3 and 3. */
#include "spkl_conv_s8.h"
#include "spkl_requantise.h"

/* No overflow: |requantise| < 2^31 and the zero point is a byte, so the sum is
 * made in 64 bits and clamped there. */
void spkl_requantise_any_s8(int8_t *out, const int32_t *acc, size_t n,
                            const struct spkl_outputs *how)
{
    const struct spkl_channel_record *channel = how->channels;

    for (size_t o = 0; o < n; o++, channel++) {
        uint32_t sum =
            (uint32_t)acc[o] + (uint32_t)channel->bias + (uint32_t)how->offset;
        int64_t y = (int64_t)spkl_requantise((int32_t)sum, channel->multiplier,
                                             channel->shift) +
                    how->out_zero;

        y = y < how->act_min ? how->act_min : y;
        y = y > how->act_max ? how->act_max : y;
        out[o] = (int8_t)y;
    }
}
