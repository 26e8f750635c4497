/* Four channels at a time. */
#include "spkl_conv_s8.h"

static void sum_four(uint32_t sums[4], const struct spkl_taps *t, size_t o)
{
    const struct spkl_tap *end = t->taps + t->n_taps;
    int32_t zero = t->zero;
    uint32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;

    for (const struct spkl_tap *tap = t->taps; tap != end; tap++) {
        const int8_t *in = tap->in + o;
        const int8_t *w = tap->weights + o;

        s0 += (uint32_t)(w[0] * (in[0] - zero));
        s1 += (uint32_t)(w[1] * (in[1] - zero));
        s2 += (uint32_t)(w[2] * (in[2] - zero));
        s3 += (uint32_t)(w[3] * (in[3] - zero));
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

static uint32_t sum_one(const struct spkl_taps *t, size_t o)
{
    uint32_t sum = 0;

    for (uint32_t k = 0; k < t->n_taps; k++) {
        sum += (uint32_t)(t->taps[k].weights[o] * (t->taps[k].in[o] - t->zero));
    }
    return sum;
}

void spkl_sum_taps_s8_s32(int32_t *acc, const struct spkl_taps *t)
{
    uint32_t sums[4];
    uint32_t i = 0;

    for (; t->n - i >= 4; i += 4) {
        sum_four(sums, t, t->first + i);
        for (uint32_t k = 0; k < 4; k++) {
            uint32_t before = t->more ? (uint32_t)acc[i + k] : 0;

            acc[i + k] = (int32_t)(before + sums[k]);
        }
    }
    for (; i < t->n; i++) {
        uint32_t before = t->more ? (uint32_t)acc[i] : 0;

        acc[i] = (int32_t)(before + sum_one(t, t->first + i));
    }
}
