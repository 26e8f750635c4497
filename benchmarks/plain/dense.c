#include "dense.h"

static void add_events(struct plain_layer *layer, const uint16_t *neurons,
                       size_t n)
{
    int32_t *in = layer->in;
    size_t n_out = layer->n_out;

    for (size_t j = 0; j < n; j++) {
        const int8_t *row = layer->weights + neurons[j] * n_out;

        for (size_t i = 0; i < n_out; i++) {
            in[i] += row[i];
        }
    }
}

static void update(struct plain_layer *layer)
{
    const int32_t *bias = layer->bias;
    const int32_t *fire_above = layer->fire_above;
    int32_t *in = layer->in;
    int32_t *membrane = layer->v;
    uint16_t *fired = layer->fired;
    size_t n_out = layer->n_out;
    int32_t decay = layer->decay;
    int32_t unit = layer->unit;
    uint32_t n = 0;

    for (size_t i = 0; i < n_out; i++) {
        int32_t v = membrane[i] > fire_above[i] ? 0 : membrane[i];

        /* The shift of a negative product rounds down with all compilers that
         * this is built by. */
        v = (int32_t)((int64_t)v * decay >> 16);
        v += in[i] * unit + bias[i];
        in[i] = 0;
        membrane[i] = v;
        if (v > fire_above[i]) {
            fired[n++] = (uint16_t)i;
        }
    }
    layer->n_fired = n;
}

int plain_sample(struct plain_net *net, const uint16_t *neurons,
                 const uint16_t *n_events, uint32_t ticks)
{
    struct plain_layer *hidden = &net->hidden;
    struct plain_layer *output = &net->output;
    size_t best = 0;

    for (size_t i = 0; i < hidden->n_out; i++) {
        hidden->v[i] = 0;
    }
    for (size_t i = 0; i < output->n_out; i++) {
        output->v[i] = 0;
        net->scores[i] = 0;
    }
    for (uint32_t tick = 0; tick < ticks; tick++) {
        add_events(hidden, neurons, n_events[tick]);
        neurons += n_events[tick];
        update(hidden);
        add_events(output, hidden->fired, hidden->n_fired);
        update(output);
        for (size_t j = 0; j < output->n_fired; j++) {
            net->scores[output->fired[j]]++;
        }
    }
    for (size_t i = 1; i < output->n_out; i++) {
        best = net->scores[i] > net->scores[best] ? i : best;
    }
    return (int)best;
}
