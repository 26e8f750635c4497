/*
 * RV32IM: two neurons a pass, the leak is one MULHSU. Others one by one.
 *
 * Semantics 3.3. |in 2^f + bias| <= V_MAX and |D(v)| <= V_MAX, so their sum w
 * fits in a word before it is clamped. It is clamped only where it is found
 * above fire_above or below v_min, which hold for all that is outside +-V_MAX.
 */
#include "spkl_kernels.h"

#define V_MAX 0x3FFFFFFF
#define INLINE static inline __attribute__((always_inline))
#define RARELY(x) __builtin_expect((x) != 0, 0)

enum {
    RESET_SUBTRACT = 1 << 7,
    RESET_SET = 2 << 7,
    RESET_NEXT = 1 << 9,
    RESET_BEFORE = 1 << 10
};

struct lif {
    const struct spkl_lif *p;
    uint16_t *fired;
    uint32_t factor; /* 2^16 decay */
    bool leaky;      /* not the decay 2^16, which keeps v */
    int32_t unit;
    int32_t v_min;
};

static int32_t param(const struct spkl_param *q, size_t i)
{
    return q->at[i * q->step];
}

INLINE int32_t leak(const struct lif *s, int32_t v)
{
    if (s->leaky) {
        __asm__("mulhsu %0, %0, %1" : "+r"(v) : "r"(s->factor));
    }
    return v;
}

/* R(w), for -2 V_MAX <= w <= V_MAX; it may stay below -V_MAX. */
INLINE int32_t reset(const struct spkl_lif *p, size_t i, int32_t w)
{
    if (p->flags & RESET_SET) {
        return param(&p->reset, i);
    }
    if (p->flags & RESET_SUBTRACT) {
        w = w < -V_MAX ? -V_MAX : w;
        return w - param(&p->reset, i);
    }
    return w;
}

/* The sum w of a neuron whose v fired in the last tick. */
INLINE int32_t reset_late(const struct lif *s, size_t i, int32_t v, int32_t w)
{
    if (s->p->flags & RESET_BEFORE) {
        int32_t r = reset(s->p, i, v);

        r = r < -V_MAX ? -V_MAX : r;
        return w - leak(s, v) + leak(s, r);
    }
    return reset(s->p, i, w > V_MAX ? V_MAX : w);
}

/* A w above fire_above, unless V_MAX is not. */
INLINE int32_t fire(struct lif *s, size_t i, int32_t w, int32_t th, bool late)
{
    w = w > V_MAX ? V_MAX : w;
    if (w > th) {
        *s->fired++ = (uint16_t)i;
        w = late ? w : reset(s->p, i, w);
    }
    return w;
}

INLINE int32_t update(struct lif *s, size_t i, int32_t v, int32_t x, int32_t th,
                      bool late)
{
    int32_t w = leak(s, v) + x;

    if (late && RARELY(v > th)) {
        w = reset_late(s, i, v, w);
    }
    if (RARELY(w > th)) {
        w = fire(s, i, w, th, late);
    }
    return w;
}

/* Neurons from i on: all, or up to the first that changes. Returns the next. */
static size_t each(struct lif *s, size_t i, bool all, bool *changed)
{
    const struct spkl_lif *p = s->p;

    for (; i < p->n && (all || !*changed); i++) {
        int32_t x = p->in[i] * s->unit + param(&p->bias, i);
        int32_t low = param(&p->v_min, i);
        int32_t w = update(s, i, p->v[i], x, param(&p->fire_above, i),
                           (p->flags & RESET_NEXT) != 0);

        p->in[i] = 0;
        w = w < low ? low : w;
        *changed = *changed || w != p->v[i];
        p->v[i] = w;
    }
    return i;
}

/* Two copies of a parameter of all neurons, or its place in an array. */
INLINE const int32_t *place(const struct spkl_param *q, size_t i,
                            int32_t copies[2])
{
    copies[0] = *q->at;
    copies[1] = *q->at;
    return q->step ? q->at + i : copies;
}

/* Pairs from i on; one v_min for all. Returns the next neuron. */
INLINE size_t pairs(struct lif *s, size_t i, bool late, bool leaky)
{
    const struct spkl_lif *p = s->p;
    struct lif local = *s;
    int32_t biases[2], thresholds[2];
    const int32_t *bias = place(&p->bias, i, biases);
    const int32_t *above = place(&p->fire_above, i, thresholds);
    size_t bias_step = 2 * p->bias.step, above_step = 2 * p->fire_above.step;
    int32_t *in = p->in + i;
    int32_t *v = p->v + i;
    int32_t *end = v + ((p->n - i) & ~(size_t)1);

    local.leaky = leaky;
    while (v != end) {
        int32_t x0 = in[0] * local.unit + bias[0];
        int32_t x1 = in[1] * local.unit + bias[1];
        size_t at = (size_t)(v - p->v);
        int32_t w0 = update(&local, at, v[0], x0, above[0], late);
        int32_t w1 = update(&local, at + 1, v[1], x1, above[1], late);

        in[0] = 0;
        in[1] = 0;
        v[0] = RARELY(w0 < local.v_min) ? local.v_min : w0;
        v[1] = RARELY(w1 < local.v_min) ? local.v_min : w1;
        in += 2;
        v += 2;
        bias += bias_step;
        above += above_step;
    }
    s->fired = local.fired;
    return (size_t)(v - p->v);
}

size_t spkl_lif_tick_plain_s32(const struct spkl_lif *p, bool *changed)
{
    struct lif s;
    size_t i;

    s.p = p;
    s.fired = p->fired;
    s.factor = (uint32_t)*p->decay_v.at << 16;
    s.leaky = *p->decay_v.at < 0x10000;
    s.unit = (int32_t)1 << p->frac;
    s.v_min = *p->v_min.at;

    *changed = false;
    i = each(&s, 0, false, changed);
    if (i < p->n && p->v_min.step == 0) {
        if (p->flags & RESET_NEXT) {
            i = s.leaky ? pairs(&s, i, true, true) : pairs(&s, i, true, false);
        } else {
            i = s.leaky ? pairs(&s, i, false, true)
                        : pairs(&s, i, false, false);
        }
    }
    each(&s, i, true, changed);
    return (size_t)(s.fired - p->fired);
}
