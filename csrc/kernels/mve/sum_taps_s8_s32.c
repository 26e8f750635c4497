/* Sixteen channels at a time. */
#include "spkl_conv_s8.h"

#include <arm_mve.h>

/* sums + (in - zero) weights of four channels. */
static inline int32x4_t add(int32x4_t sums, const int8_t *in, const int8_t *w,
                            int32_t less)
{
    int32x4_t values = vaddq_n_s32(vldrbq_s32(in), less);

    return vaddq_s32(sums, vmulq_s32(values, vldrbq_s32(w)));
}

/* What sums begin with. */
static inline int32x4_t begin(const int32_t *acc, const struct spkl_taps *t)
{
    return t->more ? vldrwq_s32(acc) : vdupq_n_s32(0);
}

static void sum_sixteen(int32_t *acc, const struct spkl_taps *t, uint32_t o)
{
    const struct spkl_tap *end = t->taps + t->n_taps;
    int32x4_t s0 = begin(acc, t), s1 = begin(acc + 4, t);
    int32x4_t s2 = begin(acc + 8, t), s3 = begin(acc + 12, t);
    int32_t less = -t->zero;

    for (const struct spkl_tap *tap = t->taps; tap != end; tap++) {
        const int8_t *in = tap->in + o;
        const int8_t *w = tap->weights + o;

        s0 = add(s0, in, w, less);
        s1 = add(s1, in + 4, w + 4, less);
        s2 = add(s2, in + 8, w + 8, less);
        s3 = add(s3, in + 12, w + 12, less);
    }
    vstrwq_s32(acc, s0);
    vstrwq_s32(acc + 4, s1);
    vstrwq_s32(acc + 8, s2);
    vstrwq_s32(acc + 12, s3);
}

/* Up to four channels; bytes of no channel are not read. */
static void sum_four(int32_t *acc, const struct spkl_taps *t, uint32_t o,
                     uint32_t n)
{
    const struct spkl_tap *end = t->taps + t->n_taps;
    mve_pred16_t there = vctp32q(n);
    int32x4_t sums = begin(acc, t);
    int32_t less = -t->zero;

    for (const struct spkl_tap *tap = t->taps; tap != end; tap++) {
        int32x4_t values = vldrbq_z_s32(tap->in + o, there);
        int32x4_t w = vldrbq_z_s32(tap->weights + o, there);

        sums = vaddq_s32(sums, vmulq_s32(vaddq_n_s32(values, less), w));
    }
    vstrwq_s32(acc, sums);
}

void spkl_sum_taps_s8_s32(int32_t *acc, const struct spkl_taps *t)
{
    uint32_t o = t->first;
    uint32_t end = o + t->n;

    for (; end - o >= 16; o += 16, acc += 16) {
        sum_sixteen(acc, t, o);
    }
    for (; o < end; o += 4, acc += 4) {
        sum_four(acc, t, o, end - o);
        if (end - o < 4) {
            break;
        }
    }
}
