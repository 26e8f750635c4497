/*
 * Cortex-M0, M0+: outputs by the upper 15 bits of a multiplier. With a value u
 * below 2^15 and m = (upper + rest) 2^47, 0 <= rest < 1, graded 1.6 gives
 *     (u m / 2^64 + 2^(s - 65)) >> (s - 64)
 * and u m / 2^47 lies between t = u upper and t + u: where both make the same
 * output, that is the output. Others take products of 64 bits.
 *
 * No overflow: t + u < 2^30 + 2^15 and the rounding's bit is at most 2^28.
 */
#include "spkl_compiler.h"
#include "spkl_conv_s8.h"
#include "spkl_requantise.h"

enum { SMALL = 1 << 15, LOST = 17 };

static SPKL_NOINLINE int32_t
scale_exactly(int32_t x, const struct spkl_dense_record *channel, int32_t most)
{
    int64_t y = spkl_scale(x, channel->multiplier_low, channel->multiplier_high,
                           channel->shift);

    return y > most ? most : y < -most ? -most : (int32_t)y;
}

static int32_t scale(int32_t x, const struct spkl_dense_record *channel)
{
    /* An output beyond is clamped anyway. */
    const int32_t most = 512;
    uint32_t shift = (uint32_t)channel->shift - (64 - LOST);
    int32_t upper = channel->multiplier_high >> 15;
    uint32_t u = x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
    int32_t half, least, largest;

    if (u >= SMALL || shift - 1 > 28) {
        return scale_exactly(x, channel, most);
    }
    half = INT32_C(1) << (shift - 1);
    least = x * upper;
    largest = least;
    if (x < 0) {
        least -= (int32_t)u;
    } else {
        largest += (int32_t)u;
    }
    least = (least + half) >> shift;
    if (least != (largest + half) >> shift) {
        return scale_exactly(x, channel, most);
    }
    return least;
}

void spkl_scale_s8(int8_t *out, const int32_t *acc, size_t n,
                   const struct spkl_outputs *how)
{
    const struct spkl_dense_record *channel = how->channels;

    for (const int32_t *end = acc + n; acc != end; acc++, channel++) {
        int32_t x = (int32_t)((uint32_t)*acc + (uint32_t)channel->bias +
                              (uint32_t)how->offset);

        *out++ = (int8_t)spkl_clamp_to(scale(x, channel) + how->out_zero,
                                       how->act_min, how->act_max);
    }
}
