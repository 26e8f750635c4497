/* All output channels of an input channel, tap after tap. */
#include "spkl_conv_s8.h"

void spkl_sum_taps_times_s8_s32(int32_t *acc, const struct spkl_taps *t)
{
    uint32_t channel = t->first / t->times;
    uint32_t run = t->times - t->first % t->times;
    size_t o = t->first;

    for (uint32_t i = 0; !t->more && i < t->n; i++) {
        acc[i] = 0;
    }
    for (uint32_t left = t->n; left > 0; run = t->times) {
        run = run < left ? run : left;
        for (uint32_t k = 0; k < t->n_taps; k++) {
            const int8_t *w = t->taps[k].weights + o;
            int32_t x = t->taps[k].in[channel] - t->zero;

            if (x == 0) {
                continue;
            }
            for (uint32_t i = 0; i < run; i++) {
                acc[i] = (int32_t)((uint32_t)acc[i] + (uint32_t)(w[i] * x));
            }
        }
        acc += run;
        o += run;
        left -= run;
        channel++;
    }
}
