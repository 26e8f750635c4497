/* Convolutions, event by event: semantics 2.5. */
#include "conv.h"

/* A run of taps, or one: where its codes begin in a row, and its target. */
struct run {
    uint32_t code;
    uint32_t target;
    uint32_t n; /* codes */
};

static void touch(const struct spkl_conv *conv, uint32_t first, uint32_t last)
{
    last >>= conv->shift;
    for (first >>= conv->shift; first <= last; first++) {
        conv->touched[first] = 1;
    }
}

/* The o that belongs to y + pad = at and a tap; negative: none. */
static int32_t target_of(const struct spkl_axis *axis, int32_t at, uint32_t k)
{
    uint32_t rest = (uint32_t)at - k * axis->dilation;
    int32_t o;

    if ((int32_t)rest < 0) {
        return -1;
    }
    o = (int32_t)spkl_divide(&axis->stride, &rest);
    return rest != 0 || o >= axis->end ? -1 : o;
}

/* Where the codes of a tap begin in a row. */
static uint32_t code_of(const struct spkl_axis *axis, uint32_t k)
{
    uint32_t rest = k;
    uint32_t turn = spkl_divide(&axis->stride, &rest);
    uint32_t before =
        rest * axis->each + (rest < axis->rest ? rest : axis->rest);
    uint32_t taps = axis->each + (rest < axis->rest ? 1 : 0);

    return before + taps - 1 - turn;
}

/* Add the weights of one tap: group_out channels. */
static void add_tap(int32_t *in, const struct spkl_conv *conv,
                    const uint8_t *row, const struct run *tap, int32_t times)
{
    struct spkl_codes codes = {row, tap->code, conv->layout};
    uint32_t runs = conv->channel == 1 ? 1 : conv->group_out;
    uint32_t n = conv->channel == 1 ? conv->group_out : 1;
    uint32_t target = tap->target;

    for (; runs > 0; runs--) {
        if (conv->layout == SPKL_LAYOUT_ROWS_S8) {
            spkl_parts.add_row_times(
                in + target, (const int8_t *)row + codes.first, n, times);
        } else {
            spkl_parts.add_codes(in + target, &codes, n, times);
        }
        touch(conv, target, target + n - 1);
        codes.first += n;
        target += (uint32_t)conv->channel;
    }
}

/* What an event brings by a row of weights to a row of targets; returns the
 * number of taps. */
static uint32_t add_taps(int32_t *in, const struct spkl_conv *conv,
                         const uint8_t *row, uint32_t target, int32_t at,
                         int32_t times)
{
    struct run tap;
    uint32_t n = 0;

    for (uint32_t k = 0; k < conv->x.kernel; k++) {
        int32_t o = target_of(&conv->x, at, k);

        if (o >= 0) {
            tap.code = code_of(&conv->x, k) * conv->group_out;
            tap.target = target + (uint32_t)(o * conv->x.target);
            tap.n = conv->group_out;
            add_tap(in, conv, row, &tap, times);
            n++;
        }
    }
    return n;
}

uint32_t spkl_deliver_conv(const struct spkl_net *net,
                           const struct spkl_population *p,
                           const struct spkl_projection *q)
{
    const struct spkl_source *source = q->source;
    const struct spkl_conv *conv = q->table;
    uint32_t n = *source->n;
    uint32_t taps = 0;
    struct spkl_place place;

    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *row = q->weights;
        uint32_t group;

        if (!spkl_find_place(&conv->map, source->neurons[i], &place)) {
            continue;
        }
        row += place.channel * conv->y.kernel * q->stride;
        group = spkl_divide(&conv->group_in, &place.channel);
        for (uint32_t k = 0; k < conv->y.kernel; k++, row += q->stride) {
            int32_t o = target_of(&conv->y, (int32_t)place.y + conv->y.pad, k);

            if (o >= 0) {
                uint32_t target =
                    (uint32_t)(o * conv->y.target) +
                    group * conv->group_out * (uint32_t)conv->channel;

                taps += add_taps(
                    net->in, conv, row, target, (int32_t)place.x + conv->x.pad,
                    source->values == NULL ? 1 : source->values[i]);
            }
        }
    }
    spkl_count_up(&p->head->stats.synops, taps * conv->group_out);
    return n;
}

/* The taps in x that an event meets: one run; n is 0 where there are none. */
static void find_run(const struct spkl_conv *conv, int32_t at, struct run *run)
{
    const struct spkl_axis *x = &conv->x;
    uint32_t rest = (uint32_t)at;
    int32_t last;
    int32_t first;
    int32_t begin;

    run->n = 0;
    if (at < 0) {
        return;
    }
    last = (int32_t)spkl_divide(&x->stride, &rest);
    begin = (int32_t)(rest * x->each + (rest < x->rest ? rest : x->rest));
    first = last + 1 - (int32_t)(x->each + (rest < x->rest ? 1 : 0));
    if (first < 0) {
        begin -= first;
        first = 0;
    }
    if (last >= x->end) {
        last = x->end - 1;
    }
    if (first <= last) {
        run->n = (uint32_t)(last - first + 1) * conv->group_out;
        run->code = (uint32_t)begin * conv->group_out;
        run->target = (uint32_t)(first * x->target);
    }
}

uint32_t spkl_deliver_conv_runs(const struct spkl_net *net,
                                const struct spkl_population *p,
                                const struct spkl_projection *q)
{
    const struct spkl_source *source = q->source;
    const struct spkl_conv *conv = q->table;
    uint32_t n = *source->n;
    uint32_t synops = 0;
    struct spkl_place place;
    struct run run;

    for (uint32_t i = 0; i < n; i++) {
        int32_t times = source->values == NULL ? 1 : source->values[i];
        const int8_t *row = (const int8_t *)q->weights;

        if (!spkl_find_place(&conv->map, source->neurons[i], &place)) {
            continue;
        }
        find_run(conv, (int32_t)place.x + conv->x.pad, &run);
        if (run.n == 0) {
            continue;
        }
        row += place.channel * conv->y.kernel * q->stride + run.code;
        for (uint32_t k = 0; k < conv->y.kernel; k++, row += q->stride) {
            int32_t o = target_of(&conv->y, (int32_t)place.y + conv->y.pad, k);

            if (o >= 0) {
                uint32_t target = run.target + (uint32_t)(o * conv->y.target);

                if (times == 1) {
                    spkl_parts.add_row(net->in + target, row, run.n);
                } else {
                    spkl_parts.add_row_times(net->in + target, row, run.n,
                                             times);
                }
                touch(conv, target, target + run.n - 1);
                synops += run.n;
            }
        }
    }
    spkl_count_up(&p->head->stats.synops, synops);
    return n;
}
