/* For kernels that then need not look for v_min. */
#include "plain.h"

/* V_MAX is nearly this times 2^16. */
enum { STEP = 16383 };

static bool is_between(const struct spkl_param *param, uint32_t n,
                       int32_t least, int32_t most)
{
    const struct spkl_param low = {&least, 0};

    return spkl_is_within(param, &low, most, n);
}

/*
 * D(v) >= -V_MAX decay / 2^16 - 1, so what input, bias and reset subtract from
 * it may be V_MAX (2^16 - decay) / 2^16 - 1 in all; STEP (2^16 - decay) - 1 is
 * not more. The input is within V_MAX in units of v.
 */
bool spkl_is_calm(const struct spkl_lif *lif, uint32_t sum)
{
    int32_t most = STEP * (65536 - *lif->decay_v.at) - 1;
    int32_t input = (int32_t)(sum << 7 << lif->frac);
    int32_t half = (most - input) / 2;

    return most >= input && is_between(&lif->bias, lif->n, -half, half) &&
           ((lif->flags & SPKL_LIF_RESET_SUBTRACT) == 0 ||
            is_between(&lif->reset, lif->n, -half, half)) &&
           is_between(&lif->v_min, lif->n, -SPKL_V_MAX, -SPKL_V_MAX);
}
