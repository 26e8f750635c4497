/*
 * Hosts: the reset of a kind and time is chosen outside the loop.
 *
 * No overflow: |D(v)| <= V_MAX and |in 2^f + bias| <= V_MAX, so their sum fits
 * in 32 bits before it is clamped; a reset by subtraction takes at most V_MAX
 * from a number that is at least -V_MAX.
 */
#include "spkl_image.h"
#include "spkl_kernels.h"
#include "spkl_lif_flags.h"

struct choices {
    uint32_t kind;
    bool next;
    bool before_leak;
};

static inline int32_t clamp(int32_t x)
{
    x = x < SPKL_V_MAX ? x : SPKL_V_MAX;
    return x > -SPKL_V_MAX ? x : -SPKL_V_MAX;
}

static inline int32_t reset(uint32_t kind, int32_t w, int32_t by)
{
    if (kind == SPKL_LIF_RESET_SUBTRACT) {
        return clamp(w - by);
    }
    return kind == SPKL_LIF_RESET_SET ? by : w;
}

static inline size_t tick(const struct spkl_lif *p, bool *changed,
                          struct choices c)
{
    const struct spkl_lif q = *p;
    const int64_t decay = *q.decay_v.at;
    const int32_t unit = (int32_t)1 << q.frac;
    uint16_t *fired = q.fired;
    uint32_t difference = 0;

    for (size_t i = 0; i < q.n; i++) {
        int32_t above = q.fire_above.at[i * q.fire_above.step];
        int32_t low = q.v_min.at[i * q.v_min.step];
        int32_t x = q.in[i] * unit + q.bias.at[i * q.bias.step];
        int32_t old = q.v[i];
        int32_t w = old;
        bool late = c.next && old > above;

        q.in[i] = 0;
        if (late && c.before_leak) {
            w = reset(c.kind, w, q.reset.at[i * q.reset.step]);
        }
        w = clamp((int32_t)(w * decay >> 16) + x);
        if (late && !c.before_leak) {
            w = reset(c.kind, w, q.reset.at[i * q.reset.step]);
        }
        if (w > above) {
            *fired++ = (uint16_t)i;
            if (!c.next) {
                w = reset(c.kind, w, q.reset.at[i * q.reset.step]);
            }
        }
        w = w > low ? w : low;
        difference |= (uint32_t)w ^ (uint32_t)old;
        q.v[i] = w;
    }
    *changed = difference != 0;
    return (size_t)(fired - q.fired);
}

static inline size_t tick_at(const struct spkl_lif *p, bool *changed,
                             uint32_t kind)
{
    if ((p->flags & SPKL_LIF_RESET_NEXT) == 0) {
        return tick(p, changed, (struct choices){kind, false, false});
    }
    if ((p->flags & SPKL_LIF_RESET_BEFORE_LEAK) == 0) {
        return tick(p, changed, (struct choices){kind, true, false});
    }
    return tick(p, changed, (struct choices){kind, true, true});
}

size_t spkl_lif_tick_plain_s32(const struct spkl_lif *p, bool *changed)
{
    switch (p->flags & SPKL_LIF_RESET_KIND) {
    case SPKL_LIF_RESET_SUBTRACT:
        return tick_at(p, changed, SPKL_LIF_RESET_SUBTRACT);
    case SPKL_LIF_RESET_SET:
        return tick_at(p, changed, SPKL_LIF_RESET_SET);
    default:
        return tick_at(p, changed, 0);
    }
}
