/* Defines the result: graded 1.6 and 3. */
#include "spkl_conv_s8.h"
#include "spkl_requantise.h"

/* No overflow: |scale| < 2^62. */
void spkl_scale_s8(int8_t *out, const int32_t *acc, size_t n,
                   const struct spkl_outputs *how)
{
    const struct spkl_dense_record *channel = how->channels;

    for (size_t o = 0; o < n; o++, channel++) {
        uint32_t sum =
            (uint32_t)acc[o] + (uint32_t)channel->bias + (uint32_t)how->offset;
        int64_t y = spkl_scale((int32_t)sum, channel->multiplier_low,
                               channel->multiplier_high, channel->shift) +
                    how->out_zero;

        y = y < how->act_min ? how->act_min : y;
        y = y > how->act_max ? how->act_max : y;
        out[o] = (int8_t)y;
    }
}
