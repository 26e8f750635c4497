/* The peer of spiking benchmarks: a network of two dense layers of
 * leaky integrate-and-fire neurons, event by event, as an engineer would write
 * it in an afternoon. The same on a core and on the host. */
#ifndef PLAIN_DENSE_H
#define PLAIN_DENSE_H

#include <stddef.h>
#include <stdint.h>

/* A layer; a neuron that fired starts its next tick from 0. */
struct plain_layer {
    const int8_t *weights;     /* [n_in][n_out] */
    const int32_t *bias;       /* [n_out] in units of v */
    const int32_t *fire_above; /* [n_out] */
    int32_t *in;               /* [n_out] sums of this tick, 0 at the start */
    int32_t *v;                /* [n_out] membranes */
    uint16_t *fired;           /* [n_out] who fired in this tick */
    uint32_t n_out;
    uint32_t n_fired;
    int32_t decay; /* what stays of v, of 65536 */
    int32_t unit;  /* of v in a weight of 1 */
};

struct plain_net {
    struct plain_layer hidden;
    struct plain_layer output;
    int32_t *scores; /* [output.n_out] spikes of the sample */
};

/*
 * Run a sample from rest.
 *
 *   neurons   in  those with an event, tick by tick
 *   n_events  in  [ticks] how many of them a tick has
 *
 * Returns the output that fired most, the lowest on a tie.
 */
int plain_sample(struct plain_net *net, const uint16_t *neurons,
                 const uint16_t *n_events, uint32_t ticks);

#endif
