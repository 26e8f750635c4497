/* Products of 64 bits only for resets of several spikes. */
#include "spkl_fixed.h"
#include "spkl_kernels.h"

static int32_t param(const struct spkl_param *q, size_t i)
{
    return q->at[i * q->step];
}

/* The value of the event of a v above `above`. */
static int32_t count(const struct spkl_lif *p, size_t i, int32_t v,
                     int32_t above)
{
    int32_t more;

    if (p->values == NULL) {
        return 1;
    }
    more = (v - above - 1) / param(&p->count_by, i);
    return more < p->max_count ? more + 1 : p->max_count;
}

static int32_t reset(const struct spkl_lif *p, size_t i, int32_t v, int32_t z)
{
    int32_t by = param(&p->reset, i);

    switch (p->flags & SPKL_LIF_RESET_KIND) {
    case SPKL_LIF_RESET_SUBTRACT:
        return spkl_clamp(v - (int64_t)by * z);
    case SPKL_LIF_RESET_SET:
        return by;
    default:
        return v;
    }
}

/* No overflow: |in 2^f| and |v| are within V_MAX, so their sum fits in a word,
 * and so does the difference of two numbers within V_MAX. */
size_t spkl_lif_tick_if_s32(const struct spkl_lif *p, bool *changed)
{
    size_t n_fired = 0;

    changed[0] = false;
    changed[1] = false;
    for (size_t i = 0; i < p->n; i++) {
        int32_t above = param(&p->fire_above, i);
        int32_t low = param(&p->v_min, i);
        int32_t old = p->v[i];
        int32_t v = old + p->in[i] * ((int32_t)1 << p->frac);

        p->in[i] = 0;
        v = v > SPKL_V_MAX ? SPKL_V_MAX : v;
        if (v > above) {
            int32_t z = count(p, i, v, above);

            p->fired[n_fired] = (uint16_t)i;
            if (p->values != NULL) {
                p->values[n_fired] = (int16_t)z;
            }
            n_fired++;
            v = reset(p, i, v, z);
        }
        v = v > low ? v : low;
        p->v[i] = v;
        changed[0] = changed[0] || v != old;
        changed[1] = changed[1] || v > above;
    }
    return n_fired;
}
