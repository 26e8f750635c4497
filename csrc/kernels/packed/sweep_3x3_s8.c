/* Column after column; the core multiplies words to 64 bits. */
#include "spkl_requantise.h"
#include "spkl_sweep.h"

/* Graded 1.3: no output of a sum below 0 is above -128. */
static int8_t spkl_sweep_output(int32_t sum,
                                const struct spkl_channel_record *channel)
{
    int32_t x = sum + channel->bias;
    int32_t y;

    if (x <= 0) {
        return -128;
    }
    y = (spkl_high(x, channel->multiplier) >> (~channel->shift & 31)) + 1;
    return y >= 512 ? 127 : (int8_t)((y >> 1) - 128);
}

void spkl_sweep_3x3_s8(const struct spkl_sweep *s)
{
    spkl_sweep_row(s);
}
