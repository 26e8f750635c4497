/* Cortex-M0, M0+: column after column; outputs as in requantise_relu_s8.S. */
#include "spkl_requantise.h"
#include "spkl_sweep.h"

static int8_t spkl_sweep_output(int32_t sum,
                                const struct spkl_channel_record *channel)
{
    int32_t x = sum + channel->bias;
    uint32_t u = (uint32_t)x, m = (uint32_t)channel->multiplier;
    uint32_t less = (uint32_t)~channel->shift; /* e - 1 */
    uint32_t y;

    if (x <= 0) {
        return -128;
    }
    if (u >> 16 != 0) {
        y = (uint32_t)spkl_requantise(x, channel->multiplier, channel->shift);
    } else if (less > 15) {
        return -128;
    } else {
        y = u * (m >> 16) + (u * (m & 0xFFFFu) >> 16);
        y += ((UINT32_C(2) << less) + 1) << 14;
        y >>= less + 16;
    }
    return y > 255 ? 127 : (int8_t)((int32_t)y - 128);
}

void spkl_sweep_3x3_s8(const struct spkl_sweep *s)
{
    spkl_sweep_row(s);
}
