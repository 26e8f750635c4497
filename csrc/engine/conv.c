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
    spkl_set_bits(conv->touched, first >> conv->shift, last >> conv->shift);
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

/* Taps that an event meets along an axis. They have consecutive targets. */
struct taps {
    uint32_t k;     /* the first tap in y; in x where its codes begin */
    uint32_t first; /* target: in y of the first tap, the largest; in x the
                       smallest */
    uint32_t n;
};

/* Of the axis y: taps k, k + stride, ... whose targets descend from `first`. */
static inline void find_y(const struct spkl_axis *y, uint32_t at,
                          struct taps *taps)
{
    uint32_t k = at;
    uint32_t first = spkl_divide(&y->stride, &k);
    uint32_t n = y->each + (k < y->rest ? 1u : 0u);
    uint32_t end = (uint32_t)y->end;

    if (first >= end) {
        uint32_t beyond = first - end + 1;

        first = end - 1;
        k += beyond * y->stride.by;
        n = beyond < n ? n - beyond : 0;
    }
    taps->k = k;
    taps->first = first;
    taps->n = n <= first ? n : first + 1;
}

/* Of the axis x: by tap the targets ascend from `first`. */
static inline void find_x(const struct spkl_axis *x, uint32_t at,
                          struct taps *taps)
{
    uint32_t k = at;
    uint32_t last = spkl_divide(&x->stride, &k);
    uint32_t more = k < x->rest ? 1u : 0u;
    uint32_t n = x->each + more;
    uint32_t begin = k * x->each + (more != 0 ? k : x->rest);
    uint32_t beyond = 0;

    if (last >= (uint32_t)x->end) {
        beyond = last - (uint32_t)x->end + 1;
    }
    if (n > last + 1) {
        begin += n - last - 1;
        n = last + 1;
    }
    taps->k = begin;
    taps->first = last + 1 - n;
    taps->n = beyond < n ? n - beyond : 0;
}

/* Where the events of a tick are: those of a row of the image ask for y once
 * when they follow each other, those of a pixel for x. */
struct sweep {
    const struct spkl_conv *conv;
    const struct spkl_projection *q;
    uint32_t begin;         /* first neuron of the row */
    uint32_t length;        /* its neurons */
    uint32_t pixel;         /* first neuron of the pixel */
    uint32_t channels;      /* its neurons */
    uint32_t first_channel; /* planar: of the row */
    uint32_t k;             /* first tap in y */
    uint32_t target;        /* of it */
    struct spkl_runs runs;  /* of the pixel; n is 0: it brings nothing */
    uint32_t at;            /* target of its first run */
    uint32_t synops;
    const int8_t *row; /* weights of its first run, of the first channel */
    uint32_t touched;  /* targets of the first run's row that are not marked */
    uint32_t touched_end;
};

/* Mark the blocks that are touched: in each row of targets the same columns. */
static void mark(struct sweep *sweep)
{
    const struct spkl_conv *conv = sweep->conv;
    uint32_t first = sweep->touched;
    uint32_t last = sweep->touched_end - 1;

    if (sweep->touched_end == first) {
        return;
    }
    sweep->touched_end = first;
    for (uint32_t i = sweep->runs.n_runs; i > 0; i--) {
        touch(conv, first, last);
        first -= (uint32_t)conv->y.target;
        last -= (uint32_t)conv->y.target;
    }
}

/* Remember the targets of a pixel's runs for `mark`. */
static inline void touch_pixel(struct sweep *sweep)
{
    uint32_t end = sweep->at + sweep->runs.n;

    if (sweep->at - sweep->touched > sweep->touched_end - sweep->touched) {
        mark(sweep);
        sweep->touched = sweep->touched_end = sweep->at;
    }
    if (end > sweep->touched_end) {
        sweep->touched_end = end;
    }
}

/* Go on to the row of a neuron. */
static inline void find_row(struct sweep *sweep, uint32_t neuron)
{
    const struct spkl_conv *conv = sweep->conv;
    const struct spkl_map *map = &conv->map;
    struct taps taps = {0, 0, 0};
    uint32_t rest = neuron;
    uint32_t y = spkl_divide(&map->outer, &rest);

    mark(sweep);
    sweep->length = map->outer.by;
    sweep->channels = map->channels;
    if (map->planar != 0) {
        sweep->channels = 1;
        sweep->first_channel = y;
        sweep->length = map->inner.by;
        y = spkl_divide(&map->inner, &rest);
    }
    sweep->begin = neuron - rest;
    if (map->pooled != 0) {
        rest = y;
        y = spkl_divide(&map->pool_y, &rest);
    }
    if (y < map->height && (int32_t)y + conv->y.pad >= 0) {
        find_y(&conv->y, y + (uint32_t)conv->y.pad, &taps);
    }
    sweep->runs.n_runs = taps.n;
    sweep->k = taps.k;
    sweep->target = taps.first * (uint32_t)conv->y.target;
}

/* Go on to the pixel of a neuron. */
static void find_pixel(struct sweep *sweep, uint32_t neuron)
{
    const struct spkl_conv *conv = sweep->conv;
    const struct spkl_map *map = &conv->map;
    struct taps taps = {0, 0, 0};
    uint32_t x = neuron - sweep->begin;
    uint32_t rest = 0;
    uint32_t n;

    if (x >= sweep->length) {
        find_row(sweep, neuron);
        x = neuron - sweep->begin;
    }
    if (map->planar == 0) {
        rest = x;
        x = spkl_divide(&map->inner, &rest);
    }
    sweep->pixel = neuron - rest;
    if (map->pooled != 0) {
        rest = x;
        x = spkl_divide(&map->pool_x, &rest);
    }
    if (x < map->width && (int32_t)x + conv->x.pad >= 0) {
        find_x(&conv->x, x + (uint32_t)conv->x.pad, &taps);
    }
    n = sweep->runs.n_runs != 0 ? taps.n * conv->group_out : 0;
    sweep->runs.n = n;
    if (n == 0) {
        return;
    }
    sweep->row =
        (const int8_t *)sweep->q->weights +
        (sweep->first_channel * conv->y.kernel + sweep->k) * sweep->q->stride +
        taps.k * conv->group_out;
    sweep->at = sweep->target + taps.first * conv->group_out;
    sweep->synops = n * sweep->runs.n_runs;
    touch_pixel(sweep);
}

/* An event of a value up to this is as many spikes. */
enum { OFTEN = 3 };

/* Runs of weights of an event of another value. */
static void add_times(int32_t *acc, const int8_t *row,
                      const struct spkl_runs *runs, int32_t times)
{
    for (int32_t k = 0; k < (int32_t)runs->n_runs; k++) {
        spkl_parts.add_row_times(acc + k * runs->acc_step,
                                 row + k * runs->row_step, runs->n, times);
    }
}

/* A sum of so many weights of -128 to 127 fits in 16 bits; sums in words of
 * two are made of so many channels. */
enum { FIT = 255, CHANNELS = 16 };

/*
 * Whether spikes are summed in 16 bits: as many as make up for widening all
 * sums, of a population that nothing else brings something. Strides in x of 1,
 * no pool, channels beside each other.
 */
static bool are_many(const struct spkl_population *p,
                     const struct spkl_projection *q, uint32_t n)
{
    const struct spkl_conv *conv = q->table;
    uint32_t taps = conv->y.kernel * conv->x.kernel;

    return *spkl_parts.pixels_pay != 0 && q == p->projections &&
           q + 1 == p->projections_end && conv->group_out % CHANNELS == 0 &&
           n * taps / 4 >= p->lif.n / conv->group_out && taps <= FIT &&
           conv->x.stride.by == 1 && (conv->map.pooled | conv->map.planar) == 0;
}

/* The runs of a pixel whose last target in x would be `last`, before which the
 * others are; sums and row are those of target 0 and tap 0. Returns whether it
 * has any. */
static inline bool set_runs(struct spkl_pixel *pixel, const struct sweep *sweep,
                            int32_t last, int16_t *sums, const int8_t *row)
{
    const struct spkl_conv *conv = sweep->conv;
    int32_t group_out = (int32_t)conv->group_out;
    int32_t first = last + 1 - (int32_t)conv->x.kernel;
    int32_t n = (int32_t)conv->x.kernel;

    if (last >= conv->x.end) {
        n -= last - conv->x.end + 1;
    }
    if (first < 0) {
        n += first;
        row -= first * group_out;
        first = 0;
    }
    if (n <= 0 || pixel->n_runs == 0) {
        return false;
    }
    n *= group_out;
    pixel->sums = sums + first * group_out;
    pixel->row = row;
    pixel->n = (uint32_t)n;
    pixel->sums_step = 2 * (sweep->runs.acc_step - n);
    pixel->row_step = sweep->runs.row_step - n;
    return true;
}

/*
 * Sum spikes in 16 bits, and widen. Of more than FIT events only pixels that
 * ascend are taken, of each at most so many that all pixels whose taps meet
 * bring no more than FIT. Counts the operations; returns the first event that
 * is not taken.
 */
static SPKL_NOINLINE const uint16_t *
add_many(const struct spkl_net *net, const struct spkl_population *p,
         struct sweep *sweep, const uint16_t *neurons, const uint16_t *end)
{
    const struct spkl_conv *conv = sweep->conv;
    bool ascend = end - neurons > FIT;
    uint32_t most = FIT;
    uint32_t after = 0;
    const int8_t *row = NULL;
    int16_t *sums = NULL;
    struct spkl_pixel pixel;

    if (ascend) {
        most /= conv->y.kernel * conv->x.kernel;
    }
    pixel.step = conv->y.kernel * sweep->q->stride;
    pixel.channels = conv->map.channels;
    pixel.n_runs = 0;
    while (neurons != end) {
        uint32_t rest = *neurons - sweep->begin;
        int32_t last;

        if (rest >= sweep->length) {
            find_row(sweep, *neurons);
            rest = *neurons - sweep->begin;
            pixel.n_runs = sweep->runs.n_runs;
            row =
                (const int8_t *)sweep->q->weights + sweep->k * sweep->q->stride;
            sums = (int16_t *)(void *)net->in + sweep->target;
        }
        last = (int32_t)spkl_divide(&conv->map.inner, &rest) + conv->x.pad;
        pixel.first = *neurons - rest;
        if (ascend && pixel.first < after) {
            break;
        }
        after = pixel.first + pixel.channels;
        if (!set_runs(&pixel, sweep, last, sums, row)) {
            after = pixel.first;
            neurons++;
            continue;
        }
        pixel.next = neurons;
        pixel.end = (uint32_t)(end - neurons) > most ? neurons + most : end;
        if (p->more != NULL) {
            sweep->at = (uint32_t)(pixel.sums - (int16_t *)(void *)net->in);
            sweep->runs.n = pixel.n;
            touch_pixel(sweep);
        }
        neurons = spkl_parts.add_pixel(&pixel);
        sweep->synops +=
            (uint32_t)(neurons - pixel.next) * pixel.n * pixel.n_runs;
    }
    spkl_parts.widen_pixels(net->in, p->lif.n);
    return neurons;
}

uint32_t spkl_deliver_conv_runs(const struct spkl_net *net,
                                const struct spkl_population *p,
                                const struct spkl_projection *q)
{
    const struct spkl_source *source = q->source;
    const struct spkl_conv *conv = q->table;
    const uint16_t *neurons = source->neurons;
    const uint16_t *end = neurons + *source->n;
    const int16_t *values = source->n[1] == 1 ? NULL : source->values;
    uint32_t step = conv->y.kernel * q->stride; /* from channel to channel */
    uint32_t synops = 0;
    struct sweep sweep;

    if (neurons == end) {
        return 0;
    }
    sweep.conv = conv;
    sweep.q = q;
    sweep.begin = sweep.length = sweep.pixel = sweep.channels = 0;
    sweep.synops = 0;
    sweep.first_channel = sweep.touched = sweep.touched_end = 0;
    sweep.runs.n = sweep.runs.n_runs = 0;
    sweep.runs.acc_step = -conv->y.target;
    sweep.runs.row_step = (int32_t)(conv->y.stride.by * q->stride);
    if (values == NULL && are_many(p, q, *source->n)) {
        neurons = add_many(net, p, &sweep, neurons, end);
        synops = sweep.synops;
        sweep.channels = sweep.length = 0;
    }
    for (; neurons != end; neurons++) {
        int32_t times = values == NULL ? 1 : *values++;
        uint32_t channel = *neurons - sweep.pixel;
        const int8_t *row;

        if (channel >= sweep.channels) {
            find_pixel(&sweep, *neurons);
            channel = *neurons - sweep.pixel;
        }
        if (sweep.runs.n == 0) {
            continue;
        }
        row = sweep.row + channel * step;
        synops += sweep.synops;
        if (times < 1 || times > OFTEN) {
            add_times(net->in + sweep.at, row, &sweep.runs, times);
            continue;
        }
        do {
            spkl_parts.add_runs(net->in + sweep.at, row, &sweep.runs);
        } while (--times > 0);
    }
    mark(&sweep);
    spkl_count_up(&p->head->stats.synops, synops);
    return *source->n;
}
