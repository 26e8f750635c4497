/* Depthwise convolutions: graded 3. */
#include "conv_check.h"
#include "spkl_compiler.h"
#include "spkl_conv_s8.h"

/* Bytes of what is kept of a block that are sums; the others are taps. */
enum { SUMS = 4 * SPKL_CONV_BLOCK };

struct depthwise {
    const struct spkl_conv_parameters *p;
    const int8_t *in;
    const int8_t *weights;
    spkl_requantise_fn *requantise;
    struct spkl_outputs how;
    struct spkl_taps taps;
    struct spkl_tap *list;
    uint32_t most; /* taps of a list */
    int32_t *sums;
    struct spkl_sweep sweep;
    bool sweeps;
};

/* Bytes of a row of the output, a multiple of 8; the map has at most 2^28. */
static uint32_t row_room(const struct spkl_conv_parameters *p)
{
    uint32_t row = (uint32_t)p->out_width * (uint32_t)p->out_channels;

    return (row + 7) & ~UINT32_C(7);
}

bool spkl_check_depthwise_s8(const struct spkl_layer *layer,
                             uint32_t table_length, uint32_t *scratch)
{
    const struct spkl_conv_parameters *p = layer->parameters;

    if (!spkl_is_of_type(layer, SPKL_TENSOR_INT8) ||
        !spkl_is_geometry(layer, p) || p->groups != p->in_channels ||
        p->bits != 8 ||
        !spkl_are_s8(p->in_zero, p->out_zero, p->act_min, p->act_max) ||
        !spkl_are_channels(layer, table_length, (uint32_t)p->out_channels) ||
        !spkl_has_weights(layer, (uint64_t)p->kernel_y * (uint64_t)p->kernel_x *
                                     (uint64_t)p->out_channels)) {
        return false;
    }
    *scratch = row_room(p) + SPKL_DEPTHWISE_ROOM;
    return true;
}

/* Sum the taps that were listed. */
static void sum_taps(struct depthwise *d)
{
    d->taps.taps = d->list;
    if (d->taps.times == 1) {
        spkl_sum_taps_s8_s32(d->sums, &d->taps);
    } else {
        spkl_sum_taps_times_s8_s32(d->sums, &d->taps);
    }
    d->taps.more = 1;
    d->taps.n_taps = 0;
}

static void add_tap(struct depthwise *d, size_t pixel, size_t tap)
{
    const struct spkl_conv_parameters *p = d->p;

    if (d->taps.n_taps == d->most) {
        sum_taps(d);
    }
    d->list[d->taps.n_taps].in = d->in + pixel * (size_t)p->in_channels;
    d->list[d->taps.n_taps].weights =
        d->weights + tap * (size_t)p->out_channels;
    d->taps.n_taps++;
}

/* List the taps of the pixel at y0, x0 that lie inside the map. */
static void list_taps(struct depthwise *d, int32_t y0, int32_t x0)
{
    const struct spkl_conv_parameters *p = d->p;
    size_t tap = 0;

    for (int32_t ky = 0; ky < p->kernel_y; ky++) {
        int32_t y = y0 + ky * p->dilation_y;

        if (y < 0 || y >= p->in_height) {
            tap += (size_t)p->kernel_x;
            continue;
        }
        for (int32_t kx = 0; kx < p->kernel_x; kx++, tap++) {
            int32_t x = x0 + kx * p->dilation_x;

            if (x >= 0 && x < p->in_width) {
                add_tap(d, (size_t)y * (size_t)p->in_width + (size_t)x, tap);
            }
        }
    }
}

/* A row of any layer. */
static void make_row(struct depthwise *d, int8_t *out, int32_t oy)
{
    const struct spkl_conv_parameters *p = d->p;
    uint32_t channels = (uint32_t)p->out_channels;
    int32_t y0 = oy * p->stride_y - p->pad_y;
    int32_t x0 = -p->pad_x;

    for (int32_t ox = 0; ox < p->out_width; ox++, x0 += p->stride_x) {
        struct spkl_outputs how = d->how;
        const struct spkl_channel_record *channel = how.channels;

        for (uint32_t at = 0; at < channels; at += SPKL_CONV_BLOCK) {
            d->taps.first = at;
            d->taps.n = channels - at < SPKL_CONV_BLOCK ? channels - at
                                                        : SPKL_CONV_BLOCK;
            d->taps.more = 0;
            d->taps.n_taps = 0;
            list_taps(d, y0, x0);
            sum_taps(d);
            how.channels = channel + at;
            d->requantise(out, d->sums, d->taps.n, &how);
            out += d->taps.n;
        }
    }
}

/* Whether an axis of a kernel of 3 has steps of 1 or 2 and at most one tap
 * beyond either end of the map. */
static bool is_axis(int32_t in, int32_t out, int32_t stride, int32_t pad)
{
    return in >= 3 && stride <= 2 && pad <= 1 &&
           (out - 1) * stride - pad + 2 <= in;
}

/* Whether rows may be swept. */
static bool can_sweep(const struct depthwise *d)
{
    const struct spkl_conv_parameters *p = d->p;

    return p->kernel_y == 3 && p->kernel_x == 3 && p->dilation_y == 1 &&
           p->dilation_x == 1 && p->out_channels == p->in_channels &&
           is_axis(p->in_height, p->out_height, p->stride_y, p->pad_y) &&
           is_axis(p->in_width, p->out_width, p->stride_x, p->pad_x) &&
           d->requantise == spkl_requantise_relu_s8 && d->how.near != 0;
}

/* A row of channels from `at` on. */
static void sweep_row(struct depthwise *d, int8_t *out, int32_t oy, uint32_t at)
{
    const struct spkl_conv_parameters *p = d->p;
    struct spkl_sweep *s = &d->sweep;
    int32_t y = oy * p->stride_y - p->pad_y;

    s->down = y < 0 ? -1 : y + 2 == p->in_height;
    y += s->down < 0;
    y -= s->down > 0;
    s->in = d->in + (size_t)y * s->row + at;
    s->out = out + at;
    spkl_sweep_3x3_s8(s);
}

/* Channels from `at` on, up to SPKL_CONV_BLOCK. */
static void prepare(struct depthwise *d, uint32_t at)
{
    struct spkl_sweep *s = &d->sweep;

    s->n = s->step - at < SPKL_CONV_BLOCK ? s->step - at : SPKL_CONV_BLOCK;
    s->channels = (const struct spkl_channel_record *)d->how.channels + at;
    s->weights = d->weights + at;
    spkl_prepare_3x3_s8(s);
}

static void start_sweep(struct depthwise *d)
{
    const struct spkl_conv_parameters *p = d->p;
    struct spkl_sweep *s = &d->sweep;
    int32_t last = (p->out_width - 1) * p->stride_x - p->pad_x;

    s->step = (uint32_t)p->in_channels;
    s->row = (uint32_t)p->in_width * s->step;
    s->left = (uint32_t)p->pad_x;
    s->right = last + 2 == p->in_width;
    s->whole = (uint32_t)p->out_width - s->right;
    s->stride = (uint32_t)p->stride_x;
    s->zero = p->in_zero;
}

/* A row of all channels. */
static void make_swept_row(struct depthwise *d, int8_t *out, int32_t oy)
{
    uint32_t channels = d->sweep.step;

    for (uint32_t at = 0; at < channels; at += SPKL_CONV_BLOCK) {
        if (oy == 0 || channels > SPKL_CONV_BLOCK) {
            prepare(d, at);
        }
        sweep_row(d, out, oy, at);
    }
}

/* All rows of one block of channels after the other. */
static void sweep_blocks(struct depthwise *d, int8_t *out, uint32_t row)
{
    for (uint32_t at = 0; at < d->sweep.step; at += SPKL_CONV_BLOCK) {
        int8_t *to = out;

        prepare(d, at);
        for (int32_t oy = 0; oy < d->p->out_height; oy++, to += row) {
            sweep_row(d, to, oy, at);
        }
    }
}

/* Whether the output lies over a part of the input. */
static bool is_over(const struct spkl_layer *layer)
{
    uintptr_t in = (uintptr_t)layer->in[0];
    uintptr_t out = (uintptr_t)layer->out;

    return out < in + layer->in_size[0] && in < out + layer->out_size;
}

/* Rows of whole words lie at words. */
static void copy_row(int8_t *out, const int8_t *made, uint32_t n)
{
    struct spkl_word *to = (struct spkl_word *)(void *)out;
    const struct spkl_word *from = (const struct spkl_word *)(const void *)made;

    for (; n % 4 == 0 && n >= 16; n -= 16, to += 4, from += 4) {
        struct spkl_word a = from[0], b = from[1], c = from[2], d = from[3];

        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
    }
    out = (int8_t *)to;
    made = (const int8_t *)from;
    for (uint32_t i = 0; i < n; i++) {
        out[i] = made[i];
    }
}

void spkl_run_depthwise_s8(const struct spkl_layer *layer)
{
    const struct spkl_conv_parameters *p = layer->parameters;
    uint32_t row = (uint32_t)p->out_width * (uint32_t)p->out_channels;
    uint8_t *scratch = layer->scratch;
    uint8_t *kept = scratch + row_room(p);
    struct depthwise d = {
        .p = p,
        .in = layer->in[0],
        .weights = (const int8_t *)layer->weights,
        .how = {layer->table, 0, p->out_zero, p->act_min, p->act_max, 0},
        .sums = (int32_t *)(void *)kept,
        .list = (struct spkl_tap *)(void *)(kept + SUMS),
        .most = (SPKL_DEPTHWISE_ROOM - SUMS) / sizeof(struct spkl_tap)};
    int8_t *out = layer->out;
    bool over = is_over(layer);

    d.taps.zero = p->in_zero;
    d.taps.times = (uint32_t)(p->out_channels / p->in_channels);
    d.sweep.kept = (uint32_t *)(void *)kept;
    d.requantise =
        spkl_choose_requantise(&d.how, (size_t)p->out_channels,
                               (int64_t)p->kernel_y * p->kernel_x * 255 * 128);
    if (can_sweep(&d)) {
        start_sweep(&d);
        if (!over) {
            sweep_blocks(&d, out, row);
            return;
        }
        d.sweeps = true;
    }
    for (int32_t oy = 0; oy < p->out_height; oy++, out += row) {
        int8_t *to = over ? (int8_t *)scratch : out;

        if (d.sweeps) {
            make_swept_row(&d, to, oy);
        } else {
            make_row(&d, to, oy);
        }
        if (over) {
            copy_row(out, to, row);
        }
    }
}
