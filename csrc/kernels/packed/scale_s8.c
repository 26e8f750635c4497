/*
 * With the usual shifts of 65 and more the low word of graded 1.6's quotient
 * only carries: the rounding's bit is one of the high word.
 *
 * No overflow: |high word| < 2^30, and the rounding's bit is 2^30 at most.
 */
#include "spkl_compiler.h"
#include "spkl_conv_s8.h"
#include "spkl_requantise.h"

static int32_t scale(int32_t x, const struct spkl_dense_record *channel)
{
    int64_t quotient = (int64_t)x * channel->multiplier_high;
    int32_t high;

    quotient += ((int64_t)x * channel->multiplier_low) >> 32;
    high = (int32_t)(quotient >> 32) +
           (INT32_C(1) << ((uint32_t)channel->shift - 65));
    return high >> ((uint32_t)channel->shift - 64);
}

static SPKL_NOINLINE int8_t scale_any(int32_t x,
                                      const struct spkl_dense_record *channel,
                                      const struct spkl_outputs *how)
{
    int64_t y = spkl_scale(x, channel->multiplier_low, channel->multiplier_high,
                           channel->shift) +
                how->out_zero;

    y = y < how->act_min ? how->act_min : y;
    return (int8_t)(y > how->act_max ? how->act_max : y);
}

void spkl_scale_s8(int8_t *out, const int32_t *acc, size_t n,
                   const struct spkl_outputs *how)
{
    const struct spkl_dense_record *channel = how->channels;

    for (const int32_t *end = acc + n; acc != end; acc++, channel++) {
        int32_t x = (int32_t)((uint32_t)*acc + (uint32_t)channel->bias +
                              (uint32_t)how->offset);
        if (channel->shift >= 65) {
            *out++ = (int8_t)spkl_clamp_to(scale(x, channel) + how->out_zero,
                                           how->act_min, how->act_max);
        } else {
            *out++ = scale_any(x, channel, how);
        }
    }
}
