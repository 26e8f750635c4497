/* Products of 32 bits are enough. */
#include "spkl_image.h"
#include "spkl_kernels.h"
#include "spkl_lif_flags.h"

static int32_t param(const struct spkl_param *q, uint32_t i)
{
    return q->at[i * q->step];
}

SPKL_NOINLINE static int32_t clamp(int32_t x)
{
    if (x > SPKL_V_MAX) {
        x = SPKL_V_MAX;
    }
    return x < -SPKL_V_MAX ? -SPKL_V_MAX : x;
}

/* R(w) of semantics 3.3; without a reset 0 is subtracted. */
static int32_t reset(const struct spkl_lif *p, uint32_t i, int32_t w)
{
    int32_t by = param(&p->reset, i);

    return (p->flags & SPKL_LIF_RESET_SET) != 0 ? by : clamp(w - by);
}

/* No overflow: in 2^f + bias and D(v), in halves of v, are within V_MAX, and so
 * are v and what is subtracted from it. */
static int32_t integrate(const struct spkl_lif *p, uint32_t i, int32_t v)
{
    uint32_t decay = (uint32_t)*p->decay_v.at;
    uint32_t low = ((uint32_t)v & 0xFFFFu) * decay >> 16;
    int32_t input = p->in[i] * ((int32_t)1 << p->frac) + param(&p->bias, i);

    return clamp((v >> 16) * (int32_t)decay + (int32_t)low + input);
}

size_t spkl_lif_tick_plain_s32(const struct spkl_lif *p, bool *changed)
{
    size_t n_fired = 0;

    *changed = false;
    for (uint32_t i = 0; i < p->n; i++) {
        int32_t above = param(&p->fire_above, i);
        int32_t old = p->v[i];
        int32_t v = old;
        /* A late reset is due before the leak, or behind it. */
        bool next = (p->flags & SPKL_LIF_RESET_NEXT) != 0;
        bool due = next && old > above;

        if (due && (p->flags & SPKL_LIF_RESET_BEFORE_LEAK) != 0) {
            v = reset(p, i, v);
            due = false;
        }
        v = integrate(p, i, v);
        p->in[i] = 0;
        if (due) {
            v = reset(p, i, v);
        }
        if (v > above) {
            p->fired[n_fired++] = (uint16_t)i;
            if (!next) {
                v = reset(p, i, v);
            }
        }
        if (v < param(&p->v_min, i)) {
            v = param(&p->v_min, i);
        }
        p->v[i] = v;
        if (v != old) {
            *changed = true;
        }
    }
    return n_fired;
}
