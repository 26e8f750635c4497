/* Defines the result: graded 3. */
#include "spkl_conv_s8.h"

void spkl_sum_taps_times_s8_s32(int32_t *acc, const struct spkl_taps *t)
{
    uint32_t channel = t->first / t->times;
    uint32_t left = t->times - t->first % t->times;

    for (uint32_t i = 0; i < t->n; i++) {
        uint32_t sum = t->more ? (uint32_t)acc[i] : 0;

        for (uint32_t k = 0; k < t->n_taps; k++) {
            const struct spkl_tap *tap = &t->taps[k];

            sum += (uint32_t)(tap->weights[t->first + i] *
                              (tap->in[channel] - t->zero));
        }
        acc[i] = (int32_t)sum;
        if (--left == 0) {
            left = t->times;
            channel++;
        }
    }
}
