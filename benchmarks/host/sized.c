/*
 * What benchmarks/plain/dense.c does, for one network: sizes are constants, so
 * that the compiler vectorises what an event adds. sized_network.h is written
 * for a model by sides.py.
 */
#include "sized.h"

int32_t plain_scores[PLAIN_OUTPUTS];
int32_t plain_v_hidden[PLAIN_HIDDEN];
int32_t plain_v_output[PLAIN_OUTPUTS];
static int32_t in_hidden[PLAIN_HIDDEN];
static int32_t in_output[PLAIN_OUTPUTS];
static uint16_t fired[PLAIN_HIDDEN];

static int32_t leak(int32_t v, int32_t decay)
{
    return (int32_t)((int64_t)v * decay >> 16);
}

/* Returns the number of hidden neurons that fire. */
static int hidden_tick(const uint16_t *neurons, int n)
{
    int n_fired = 0;

    for (int k = 0; k < n; k++) {
        const int8_t *row = plain_weights_hidden[neurons[k]];

        for (int i = 0; i < PLAIN_HIDDEN; i++) {
            in_hidden[i] += row[i];
        }
    }
    for (int i = 0; i < PLAIN_HIDDEN; i++) {
        int32_t v = leak(plain_v_hidden[i], PLAIN_DECAY_HIDDEN);

        v += in_hidden[i] * PLAIN_UNIT_HIDDEN + plain_bias_hidden[i];
        in_hidden[i] = 0;
        if (v > plain_fire_above_hidden[i]) {
            fired[n_fired++] = (uint16_t)i;
            v = 0;
        }
        plain_v_hidden[i] = v;
    }
    return n_fired;
}

static void output_tick(int n_fired)
{
    for (int k = 0; k < n_fired; k++) {
        const int8_t *row = plain_weights_output[fired[k]];

        for (int i = 0; i < PLAIN_OUTPUTS; i++) {
            in_output[i] += row[i];
        }
    }
    for (int i = 0; i < PLAIN_OUTPUTS; i++) {
        int32_t v = leak(plain_v_output[i], PLAIN_DECAY_OUTPUT);

        v += in_output[i] * PLAIN_UNIT_OUTPUT + plain_bias_output[i];
        in_output[i] = 0;
        if (v > plain_fire_above_output[i]) {
            plain_scores[i]++;
            v = 0;
        }
        plain_v_output[i] = v;
    }
}

int plain_sample(const uint16_t *neurons, const uint16_t *n_events,
                 uint32_t ticks)
{
    int best = 0;

    for (int i = 0; i < PLAIN_HIDDEN; i++) {
        plain_v_hidden[i] = 0;
    }
    for (int i = 0; i < PLAIN_OUTPUTS; i++) {
        plain_v_output[i] = 0;
        plain_scores[i] = 0;
    }
    for (uint32_t t = 0; t < ticks; t++) {
        output_tick(hidden_tick(neurons, n_events[t]));
        neurons += n_events[t];
    }
    for (int i = 1; i < PLAIN_OUTPUTS; i++) {
        if (plain_scores[i] > plain_scores[best]) {
            best = i;
        }
    }
    return best;
}
