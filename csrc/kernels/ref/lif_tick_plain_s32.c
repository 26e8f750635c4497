#include "spkl_fixed.h"
#include "spkl_kernels.h"

static int32_t param(const struct spkl_param *q, size_t i)
{
    return q->at[i * q->step];
}

/* R(w) of semantics 3.3. */
static int32_t reset(const struct spkl_lif *p, size_t i, int32_t w)
{
    switch (p->flags & SPKL_LIF_RESET_KIND) {
    case SPKL_LIF_RESET_SUBTRACT:
        return spkl_clamp((int64_t)w - param(&p->reset, i));
    case SPKL_LIF_RESET_SET:
        return param(&p->reset, i);
    default:
        return w;
    }
}

size_t spkl_lif_tick_plain_s32(const struct spkl_lif *p, bool *changed)
{
    uint16_t *fired = p->fired;
    bool next = (p->flags & SPKL_LIF_RESET_NEXT) != 0;
    bool before = (p->flags & SPKL_LIF_RESET_BEFORE_LEAK) != 0;

    *changed = false;
    for (size_t i = 0; i < p->n; i++) {
        int32_t old = p->v[i];
        int32_t x = p->in[i] * ((int32_t)1 << p->frac) + param(&p->bias, i);
        int32_t above = param(&p->fire_above, i);
        bool late = next && old > above;
        int32_t v = late && before ? reset(p, i, old) : old;

        p->in[i] = 0;
        v = spkl_clamp((int64_t)spkl_decay(v, *p->decay_v.at, 0) + x);
        if (late && !before) {
            v = reset(p, i, v);
        }
        if (v > above) {
            *fired++ = (uint16_t)i;
            if (!next) {
                v = reset(p, i, v);
            }
        }
        v = v < param(&p->v_min, i) ? param(&p->v_min, i) : v;
        *changed = *changed || v != old;
        p->v[i] = v;
    }
    return (size_t)(fired - p->fired);
}
