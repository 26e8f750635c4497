/* Convolutions of int8: graded 3. */
#include "listed.h"

struct conv {
    struct spkl_listed listed;
    const struct spkl_conv_parameters *p;
    const int8_t *in;
    int8_t *out;
    uint32_t in_channels; /* of a group */
    size_t in_step;       /* from a row of the kernel to the next: inputs */
    size_t row_step;      /* and bytes of weights */
    bool follows;         /* taps of such a row follow each other */
};

/* The taps of a kernel that lie inside the map, of those at x0 + k dilation. */
static void inside(int32_t x0, int32_t dilation, int32_t size, int32_t *first,
                   int32_t *end)
{
    while (*first < *end && x0 + *first * dilation < 0) {
        ++*first;
    }
    while (*end > *first && x0 + (*end - 1) * dilation >= size) {
        --*end;
    }
}

/* List taps of a row of the kernel whose inputs do not follow each other. */
static void take_taps(struct conv *c, int32_t *sums, const int8_t *in,
                      uint32_t taps, const uint8_t *row)
{
    size_t step = (size_t)c->p->dilation_x * (size_t)c->p->in_channels;
    size_t rows = (size_t)c->in_channels * c->listed.first_row;

    for (; taps > 0; taps--, in += step, row += rows) {
        spkl_listed_take(&c->listed, sums, in, c->in_channels, row);
    }
}

/* List the patch of the pixel whose taps begin at y0, x0; inputs from channel
 * `from` on. */
static void take_patch(struct conv *c, int32_t *sums, int32_t y0, int32_t x0,
                       uint32_t from)
{
    const struct spkl_conv_parameters *p = c->p;
    int32_t ky = 0, y_end = p->kernel_y;
    int32_t kx = 0, x_end = p->kernel_x;
    uint32_t taps, run;
    size_t pixel, tap;
    const int8_t *in;
    const uint8_t *row;

    inside(y0, p->dilation_y, p->in_height, &ky, &y_end);
    inside(x0, p->dilation_x, p->in_width, &kx, &x_end);
    if (ky == y_end || kx == x_end) {
        return;
    }
    taps = (uint32_t)(x_end - kx);
    run = taps * c->in_channels;
    y0 += ky * p->dilation_y;
    x0 += kx * p->dilation_x;
    pixel = (size_t)y0 * (size_t)p->in_width + (size_t)x0;
    in = c->in + pixel * (size_t)p->in_channels + from;
    tap = (size_t)ky * (size_t)p->kernel_x + (size_t)kx;
    row = c->listed.weights + tap * c->in_channels * c->listed.first_row;
    for (; ky < y_end; ky++) {
        if (c->follows) {
            spkl_listed_take(&c->listed, sums, in, run, row);
        } else {
            take_taps(c, sums, in, taps, row);
        }
        in += c->in_step;
        row += c->row_step;
    }
}

/* A pixel of a layer with groups. */
static void make_groups(struct conv *c, int32_t y0, int32_t x0)
{
    struct spkl_listed *l = &c->listed;
    const uint8_t *weights = l->weights;
    int32_t *sums = l->sums;

    for (int32_t group = 0; group < c->p->groups; group++) {
        spkl_listed_begin(l);
        take_patch(c, sums, y0, x0, (uint32_t)group * c->in_channels);
        spkl_listed_sum_group(l, sums);
        sums += l->out_channels;
    }
    l->weights = weights;
    l->requantise(c->out, l->sums, (size_t)c->p->out_channels, &l->how);
}

static void run_pixels(struct conv *c)
{
    const struct spkl_conv_parameters *p = c->p;
    int32_t y0 = -p->pad_y;

    for (int32_t oy = 0; oy < p->out_height; oy++, y0 += p->stride_y) {
        int32_t x0 = -p->pad_x;

        for (int32_t ox = 0; ox < p->out_width; ox++, x0 += p->stride_x) {
            if (p->groups > 1) {
                make_groups(c, y0, x0);
            } else {
                spkl_listed_begin(&c->listed);
                take_patch(c, c->listed.sums, y0, x0, 0);
                spkl_listed_write(&c->listed, c->out);
            }
            c->out += p->out_channels;
        }
    }
}

/* Whether every output pixel reads the input pixel of the same number. */
static bool is_pointwise(const struct spkl_conv_parameters *p)
{
    return p->kernel_y == 1 && p->kernel_x == 1 && p->stride_y == 1 &&
           p->stride_x == 1 && p->groups == 1 && p->out_width == p->in_width;
}

static void run_pointwise(struct conv *c)
{
    const struct spkl_conv_parameters *p = c->p;
    struct spkl_listed *l = &c->listed;
    uint32_t n = (uint32_t)p->out_height * (uint32_t)p->out_width;

    for (; n > 0; n--) {
        spkl_listed_begin(l);
        spkl_listed_take(l, l->sums, c->in, l->inputs, l->weights);
        spkl_listed_write(l, c->out);
        c->in += p->in_channels;
        c->out += p->out_channels;
    }
}

void spkl_run_conv_s8(const struct spkl_layer *layer)
{
    const struct spkl_conv_parameters *p = layer->parameters;
    struct conv c = {.p = p,
                     .in = layer->in[0],
                     .out = layer->out,
                     .in_channels = (uint32_t)(p->in_channels / p->groups)};
    struct spkl_listed *l = &c.listed;

    l->bits = (uint32_t)p->bits;
    l->how.channels = layer->table;
    l->how.offset = 0;
    l->how.out_zero = p->out_zero;
    l->how.act_min = p->act_min;
    l->how.act_max = p->act_max;
    l->channel_size = sizeof(struct spkl_channel_record);
    l->inputs = (uint32_t)p->kernel_y * (uint32_t)p->kernel_x * c.in_channels;
    l->out_channels = (uint32_t)(p->out_channels / p->groups);
    l->requantise =
        spkl_choose_requantise(&l->how, (size_t)p->out_channels,
                               (int64_t)l->inputs * 255 * (1 << (l->bits - 1)));
    if (p->groups == 1 && p->bits == 8 && p->dilation_x == 1 &&
        p->dilation_y == 1 &&
        spkl_whole_conv_s8(
            layer, &l->how,
            spkl_listed_room(l->inputs, p->in_zero, 1, l->out_channels))) {
        return;
    }
    spkl_listed_start(l, layer, p->in_zero);
    c.in_step =
        (size_t)p->dilation_y * (size_t)p->in_width * (size_t)p->in_channels;
    c.row_step = (size_t)p->kernel_x * c.in_channels * l->first_row;
    c.follows = p->dilation_x == 1 && p->groups == 1;
    if (is_pointwise(p)) {
        run_pointwise(&c);
    } else {
        run_pixels(&c);
    }
}
