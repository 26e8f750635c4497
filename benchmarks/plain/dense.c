#include "dense.h"

static void add_events(struct plain_layer *layer, const uint16_t *neurons,
                       size_t n)
{
    for (size_t j = 0; j < n; j++) {
        const int8_t *row = layer->weights + neurons[j] * layer->n_out;

        for (size_t i = 0; i < layer->n_out; i++) {
            layer->in[i] += row[i];
        }
    }
}

static void update(struct plain_layer *layer)
{
    layer->n_fired = 0;
    for (size_t i = 0; i < layer->n_out; i++) {
        int32_t v = layer->v[i] > layer->fire_above[i] ? 0 : layer->v[i];

        /* The shift of a negative product rounds down with all compilers that
         * this is built by. */
        v = (int32_t)((int64_t)v * layer->decay >> 16);
        v += layer->in[i] * layer->unit + layer->bias[i];
        layer->in[i] = 0;
        layer->v[i] = v;
        if (v > layer->fire_above[i]) {
            layer->fired[layer->n_fired++] = (uint16_t)i;
        }
    }
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
