/* What sweep_3x3_s8.S loads for a channel: a word, and nine halves of words,
 * all doubled. */
#include "spkl_compiler.h"
#include "spkl_conv_s8.h"

struct SPKL_RECORD kept {
    int32_t sum; /* with inputs of 0 */
    int16_t weights[10];
};

void spkl_prepare_3x3_s8(const struct spkl_sweep *s)
{
    struct kept *kept = (struct kept *)(void *)s->kept;

    for (size_t channel = 0; channel < s->n; channel++, kept++) {
        const int8_t *weight = s->weights + channel;
        int32_t sum = 0;

        for (unsigned i = 0; i < 9; i++, weight += s->step) {
            kept->weights[i] = (int16_t)(2 * *weight);
            sum += *weight;
        }
        kept->sum = 2 * (s->channels[channel].bias - s->zero * sum);
    }
}
