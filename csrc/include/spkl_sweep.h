/*
 * Rows of depthwise layers with kernels of 3 x 3, in C: a column of three
 * inputs is loaded once for the outputs that it is part of. The file that
 * includes it has defined spkl_sweep_output: the output of a sum, less its
 * bias.
 */
#ifndef SPKL_SWEEP_H
#define SPKL_SWEEP_H

#include "spkl_conv_s8.h"

static int8_t spkl_sweep_output(int32_t sum,
                                const struct spkl_channel_record *channel);

/* Weights of a channel, by columns; of a row outside the map 0. */
struct spkl_column {
    int32_t top, middle, bottom;
};

struct spkl_swept {
    struct spkl_column left, middle, right;
    int32_t first; /* what a sum begins with */
};

static inline struct spkl_column spkl_load_column(const struct spkl_sweep *s,
                                                  const int8_t *weight)
{
    const size_t row = 3 * (size_t)s->step;
    struct spkl_column c = {weight[0], weight[row], weight[2 * row]};

    if (s->down < 0) {
        c = (struct spkl_column){c.middle, c.bottom, 0};
    } else if (s->down > 0) {
        c = (struct spkl_column){0, c.top, c.middle};
    }
    return c;
}

static inline int32_t spkl_sum_column(const struct spkl_column *c)
{
    return c->top + c->middle + c->bottom;
}

static inline int32_t spkl_times_column(const struct spkl_column *c,
                                        const int32_t in[3])
{
    return c->top * in[0] + c->middle * in[1] + c->bottom * in[2];
}

static inline const int8_t *spkl_take_column(const struct spkl_sweep *s,
                                             const int8_t *at, int32_t in[3])
{
    in[0] = at[0];
    in[1] = at[s->row];
    in[2] = at[2 * (size_t)s->row];
    return at + s->step;
}

/* A channel with a stride of 1; `begun` has one column, without the left one of
 * an output that lacks it. */
static inline void spkl_sweep_ones(const struct spkl_sweep *s,
                                   const struct spkl_swept *w, size_t channel,
                                   int32_t begun)
{
    const struct spkl_channel_record *c = &s->channels[channel];
    const int8_t *at = s->in + channel;
    int8_t *out = s->out + channel;
    int32_t two = 0, one = begun, in[3];

    for (uint32_t i = s->left; i < 2; i++) {
        at = spkl_take_column(s, at, in);
        two = one + spkl_times_column(&w->middle, in);
        one = w->first + spkl_times_column(&w->left, in);
    }
    for (uint32_t x = s->whole; x > 0; x--) {
        at = spkl_take_column(s, at, in);
        *out = spkl_sweep_output(two + spkl_times_column(&w->right, in), c);
        out += s->step;
        two = one + spkl_times_column(&w->middle, in);
        one = w->first + spkl_times_column(&w->left, in);
    }
    if (s->right != 0) {
        *out = spkl_sweep_output(two + s->zero * spkl_sum_column(&w->right), c);
    }
}

/* The same with a stride of 2. */
static inline void spkl_sweep_twos(const struct spkl_sweep *s,
                                   const struct spkl_swept *w, size_t channel,
                                   int32_t begun)
{
    const struct spkl_channel_record *c = &s->channels[channel];
    const int8_t *at = s->in + channel;
    int8_t *out = s->out + channel;
    int32_t sum = begun, in[3];

    if (s->left == 0) {
        at = spkl_take_column(s, at, in);
        sum = w->first + spkl_times_column(&w->left, in);
    }
    for (uint32_t x = s->whole; x > 0; x--) {
        at = spkl_take_column(s, at, in);
        sum += spkl_times_column(&w->middle, in);
        at = spkl_take_column(s, at, in);
        *out = spkl_sweep_output(sum + spkl_times_column(&w->right, in), c);
        out += s->step;
        sum = w->first + spkl_times_column(&w->left, in);
    }
    if (s->right != 0) {
        spkl_take_column(s, at, in);
        sum += spkl_times_column(&w->middle, in);
        *out = spkl_sweep_output(sum + s->zero * spkl_sum_column(&w->right), c);
    }
}

static inline void spkl_sweep_row(const struct spkl_sweep *s)
{
    for (size_t channel = 0; channel < s->n; channel++) {
        const int8_t *weight = s->weights + channel;
        struct spkl_swept w;
        int32_t begun;

        w.left = spkl_load_column(s, weight);
        w.middle = spkl_load_column(s, weight + s->step);
        w.right = spkl_load_column(s, weight + 2 * (size_t)s->step);
        begun = s->zero * spkl_sum_column(&w.left);
        w.first = -begun - s->zero * (spkl_sum_column(&w.middle) +
                                      spkl_sum_column(&w.right));
        begun += w.first;
        if (s->stride == 1) {
            spkl_sweep_ones(s, &w, channel, begun);
        } else {
            spkl_sweep_twos(s, &w, channel, begun);
        }
    }
}

#endif
