/* Every choice of semantics 3.2; section 3.3 line by line. */
#include "spkl_fixed.h"
#include "spkl_kernels.h"

/* Parameters of one neuron, and whether a state word changed (not 0). */
struct neuron {
    int32_t decay_v, decay_u, decay_a;
    int32_t above; /* th: fire_above + a */
    int32_t reset; /* reset, + a with reset_adapted */
    int32_t bias, count_by;
    int32_t change;
};

static int32_t param(const struct spkl_param *q, size_t i)
{
    return q->at[i * q->step];
}

/* Of numbers within V_MAX: the sum fits in a word. */
static int32_t add(int32_t x, int32_t y)
{
    int32_t sum = x + y;

    if (sum > SPKL_V_MAX) {
        return SPKL_V_MAX;
    }
    return sum < -SPKL_V_MAX ? -SPKL_V_MAX : sum;
}

/* clamp(x + factor y) */
static int32_t add_product(int32_t x, int32_t factor, int32_t y)
{
    return spkl_clamp(x + (int64_t)factor * y);
}

static void store(struct neuron *q, int32_t *word, int32_t value)
{
    q->change |= *word ^ value;
    *word = value;
}

static int32_t count(const struct spkl_lif *p, const struct neuron *q,
                     int32_t v)
{
    int32_t more;

    if ((p->flags & SPKL_LIF_FIRES) == 0 || v <= q->above) {
        return 0;
    }
    if ((p->flags & SPKL_LIF_SEVERAL) == 0) {
        return 1;
    }
    more = (v - q->above - 1) / q->count_by;
    return more < p->max_count ? more + 1 : p->max_count;
}

/* R(w, c) */
static int32_t reset(const struct spkl_lif *p, const struct neuron *q,
                     int32_t w, int32_t c)
{
    switch (p->flags & SPKL_LIF_RESET_KIND) {
    case SPKL_LIF_RESET_SUBTRACT:
        return add_product(w, -q->reset, c);
    case SPKL_LIF_RESET_SET:
        return q->reset;
    default:
        return w;
    }
}

/* The current that enters v. */
static int32_t current(const struct spkl_lif *p, struct neuron *q, size_t i)
{
    uint32_t flags = p->flags;
    bool to_v = (flags & SPKL_LIF_BIAS_TO_V) != 0;
    int32_t unit = (int32_t)1 << p->frac;
    int32_t x = add_product(to_v ? 0 : q->bias, p->in[i], unit);
    int32_t result = x;

    if (flags & SPKL_LIF_HAS_U) {
        uint32_t order = flags & SPKL_LIF_U_ORDER;
        int32_t u = p->u[i];

        result = u;
        if (order == SPKL_LIF_U_ADD_DECAY_USE ||
            order == SPKL_LIF_U_ADD_USE_DECAY) {
            result = add(u, x);
            u = spkl_decay(result, q->decay_u, flags);
        } else {
            u = add(spkl_decay(u, q->decay_u, flags), x);
        }
        if (order <= SPKL_LIF_U_ADD_DECAY_USE) {
            result = u;
        }
        store(q, &p->u[i], u);
    }
    return to_v ? add(result, q->bias) : result;
}

/* The new v before v_min, without the reset of this tick's spikes. */
static int32_t integrate(const struct spkl_lif *p, const struct neuron *q,
                         int32_t v, int32_t input, int32_t late_count)
{
    uint32_t flags = p->flags;
    bool before = (flags & SPKL_LIF_RESET_BEFORE_LEAK) != 0;

    if (late_count > 0 && before) {
        v = reset(p, q, v, late_count);
    }
    if (flags & SPKL_LIF_ADD_THEN_DECAY) {
        v = spkl_decay(add(v, input), q->decay_v, flags);
    } else {
        v = add(spkl_decay(v, q->decay_v, flags), input);
    }
    if (late_count > 0 && !before) {
        v = reset(p, q, v, late_count);
    }
    return v;
}

/* One neuron's tick; returns the value of its event, or 0. */
static int32_t update(const struct spkl_lif *p, size_t i, bool *changed)
{
    uint32_t flags = p->flags;
    uint32_t mode = flags & SPKL_LIF_REFRACTORY_MODE;
    bool has_a = (flags & SPKL_LIF_HAS_A) != 0;
    bool late = (flags & (SPKL_LIF_TEST_PREVIOUS | SPKL_LIF_RESET_NEXT)) != 0;
    struct neuron q = {param(&p->decay_v, i),  param(&p->decay_u, i),
                       param(&p->decay_a, i),  param(&p->fire_above, i),
                       param(&p->reset, i),    param(&p->bias, i),
                       param(&p->count_by, i), 0};
    int32_t v = p->v[i];
    int32_t v_min = param(&p->v_min, i);
    int32_t input = current(p, &q, i);
    int32_t a = has_a ? p->a[i] : 0;
    bool quiet = false;
    int32_t c;
    int32_t z = 0;

    if ((flags & SPKL_LIF_HAS_REFRACTORY) != 0 && p->r[i] > 0) {
        quiet = true;
        q.change = 1;
        p->r[i]--;
        input = mode == SPKL_LIF_REFRACTORY_IGNORE ? 0 : input;
    }
    if (has_a) {
        if (flags & SPKL_LIF_ADAPT_DECAY_FIRST) {
            a = spkl_decay(a, q.decay_a, flags);
        }
        q.above = add(q.above, a);
        q.reset += flags & SPKL_LIF_RESET_ADAPTED ? a : 0;
    }
    c = late ? count(p, &q, v) : 0;
    if (!quiet || mode != SPKL_LIF_REFRACTORY_HOLD) {
        v = integrate(p, &q, v, input, c);
    }
    if (!quiet) {
        z = flags & SPKL_LIF_TEST_PREVIOUS ? c : count(p, &q, v);
    }
    if (z > 0 && !late) {
        v = reset(p, &q, v, z);
    }
    store(&q, &p->v[i], v < v_min ? v_min : v);
    if (z > 0 && (flags & SPKL_LIF_HAS_REFRACTORY) != 0) {
        p->r[i] = (uint16_t)param(&p->refractory, i);
        q.change |= p->r[i];
    }
    if (has_a) {
        if ((flags & SPKL_LIF_ADAPT_DECAY_FIRST) == 0) {
            a = spkl_decay(a, q.decay_a, flags);
        }
        store(&q, &p->a[i], add_product(a, param(&p->adapt_by, i), z));
    }
    *changed = *changed || q.change != 0;
    return z;
}

size_t spkl_lif_tick_any_s32(const struct spkl_lif *p, bool *changed)
{
    size_t n_fired = 0;

    *changed = false;
    for (size_t i = 0; i < p->n; i++) {
        int32_t z = update(p, i, changed);

        p->in[i] = 0;
        if (z > 0) {
            p->fired[n_fired] = (uint16_t)i;
            if (p->values != NULL) {
                p->values[n_fired] = (int16_t)z;
            }
            n_fired++;
        }
    }
    return n_fired;
}
