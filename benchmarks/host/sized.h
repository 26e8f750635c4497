/* A dense spiking network of two layers in plain C; sized.c. */
#ifndef SIZED_H
#define SIZED_H

#include <stdint.h>

#include "sized_network.h"

/* Of the last sample. */
extern int32_t plain_scores[PLAIN_OUTPUTS];
extern int32_t plain_v_hidden[PLAIN_HIDDEN];
extern int32_t plain_v_output[PLAIN_OUTPUTS];

/*
 * Run a sample from the initial state.
 *
 *   neurons   in  events of all ticks, one after the other
 *   n_events  in  [ticks] how many each tick has
 *
 * Returns the output with most spikes, the lowest of equals.
 */
int plain_sample(const uint16_t *neurons, const uint16_t *n_events,
                 uint32_t ticks);

#endif
