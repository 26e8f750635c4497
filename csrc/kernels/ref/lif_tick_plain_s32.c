/* Products of 32 bits are enough. */
#include "spkl_image.h"
#include "spkl_kernels.h"
#include "spkl_lif_flags.h"

static int32_t param(const struct spkl_param *q, uint32_t i)
{
    return q->at[i * q->step];
}

static int32_t clamp(int32_t x)
{
    if (x > SPKL_V_MAX) {
        x = SPKL_V_MAX;
    }
    return x < -SPKL_V_MAX ? -SPKL_V_MAX : x;
}

/* R(w) of semantics 3.3. */
static int32_t reset(const struct spkl_lif *p, uint32_t i, int32_t w)
{
    int32_t by = param(&p->reset, i);

    if ((p->flags & SPKL_LIF_RESET_SUBTRACT) != 0) {
        w = clamp(w - by);
    } else if ((p->flags & SPKL_LIF_RESET_KIND) != 0) {
        w = by;
    }
    return w;
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
    uint16_t *fired = p->fired;
    bool next = (p->flags & SPKL_LIF_RESET_NEXT) != 0;
    bool before = (p->flags & SPKL_LIF_RESET_BEFORE_LEAK) != 0;

    *changed = false;
    for (uint32_t i = 0; i < p->n; i++) {
        int32_t above = param(&p->fire_above, i);
        int32_t least = param(&p->v_min, i);
        int32_t old = p->v[i];
        int32_t v = old;
        bool late = next && old > above;

        if (late && before) {
            v = reset(p, i, v);
        }
        v = integrate(p, i, v);
        p->in[i] = 0;
        if (late && !before) {
            v = reset(p, i, v);
        }
        if (v > above) {
            *fired++ = (uint16_t)i;
            if (!next) {
                v = reset(p, i, v);
            }
        }
        v = v < least ? least : v;
        if (v != old) {
            *changed = true;
        }
        p->v[i] = v;
    }
    return (size_t)(fired - p->fired);
}
