/*
 * Neurons go one by one until one has changed, for which nobody asks from there
 * on. Any core.
 *
 * Semantics 3.3. |in 2^f| <= V_MAX and |v| <= V_MAX, so their sum w fits in a
 * word before it is clamped: above where it is found above fire_above, below
 * by v_min.
 */
#include "spkl_fixed.h"
#include "spkl_kernels.h"

#if defined(__GNUC__)
#define RARELY(x) __builtin_expect((x) != 0, 0)
#else
#define RARELY(x) (x)
#endif

struct state {
    const struct spkl_lif *p;
    size_t n_fired;
    bool awake; /* a v stays above its fire_above */
};

static int32_t param(const struct spkl_param *q, size_t i)
{
    return q->at[i * q->step];
}

/* A w above fire_above, unless V_MAX is not; returns v before v_min. */
static SPKL_NOINLINE int32_t fire(struct state *s, size_t i, int32_t w)
{
    const struct spkl_lif *p = s->p;
    int32_t above = param(&p->fire_above, i);
    uint32_t kind = p->flags & SPKL_LIF_RESET_KIND;
    int32_t z = 1;

    w = w > SPKL_V_MAX ? SPKL_V_MAX : w;
    if (w <= above) {
        return w;
    }
    p->fired[s->n_fired] = (uint16_t)i;
    if (p->values != NULL) {
        int32_t by = param(&p->count_by, i);

        if (w - above - 1 >= by) {
            z = (w - above - 1) / by;
            z = z < p->max_count ? z + 1 : p->max_count;
        }
        p->values[s->n_fired] = (int16_t)z;
    }
    s->n_fired++;
    if (kind == SPKL_LIF_RESET_SET) {
        w = param(&p->reset, i);
    } else if (kind != 0) {
        int32_t by = param(&p->reset, i);

        w = z == 1 ? w - by : spkl_clamp(w - (int64_t)by * z);
    }
    s->awake = s->awake || w > above;
    return w;
}

/* Neurons from i on: all, or up to the first that changes. Returns the next. */
static size_t each(struct state *s, size_t i, bool all, bool *changed)
{
    const struct spkl_lif *p = s->p;

    for (; i < p->n && (all || !*changed); i++) {
        int32_t low = param(&p->v_min, i);
        int32_t above = param(&p->fire_above, i);
        int32_t w = p->v[i] + p->in[i] * ((int32_t)1 << p->frac);

        p->in[i] = 0;
        if (w > above) {
            w = fire(s, i, w);
        }
        if (w < low) {
            w = low;
            s->awake = s->awake || w > above;
        }
        *changed = *changed || w != p->v[i];
        p->v[i] = w;
    }
    return i;
}

/* The same for all from i on, with one fire_above and one v_min that is not
 * above it. */
static void rest_of(struct state *s, size_t i)
{
    const struct spkl_lif *p = s->p;
    const int32_t unit = (int32_t)1 << p->frac;
    const int32_t above = *p->fire_above.at;
    const int32_t low = *p->v_min.at;
    int32_t *in = p->in + i;
    int32_t *v = p->v + i;
    int32_t *end = p->v + p->n;

    for (; v != end; v++, in++) {
        int32_t w = *v + *in * unit;

        *in = 0;
        if (RARELY(w > above)) {
            w = fire(s, (size_t)(v - p->v), w);
        }
        if (RARELY(w < low)) {
            w = low;
        }
        *v = w;
    }
}

size_t spkl_lif_tick_if_s32(const struct spkl_lif *p, bool *changed)
{
    struct state s;
    size_t i;

    s.p = p;
    s.n_fired = 0;
    s.awake = false;
    changed[0] = false;
    i = each(&s, 0, false, changed);
    if ((p->fire_above.step | p->v_min.step) == 0 &&
        *p->v_min.at <= *p->fire_above.at) {
        rest_of(&s, i);
    } else {
        each(&s, i, true, changed);
    }
    changed[1] = s.awake;
    return s.n_fired;
}
