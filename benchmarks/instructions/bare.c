/* A network on a bare core: what an application does for one sample, and
 * nothing else. Called by budget.py, which lays out the memory. */
#include "spkl.h"

static struct spkl_model model;
static struct spkl_net net;
/* Of the last sample; read by the caller. */
struct spkl_output bare_output;

int bare_start(const void *image, size_t length, void *arena, size_t size);
int bare_sample(const uint16_t *neurons, const uint16_t *n_events,
                uint32_t ticks);
int bare_events(const struct spkl_event *events, const uint16_t *n_events,
                uint32_t ticks);
uint32_t bare_ticks(uint32_t n);
int bare_probe(unsigned population, enum spkl_variable variable,
               int32_t *values, size_t n);
uint32_t bare_synops(unsigned population);

int bare_start(const void *image, size_t length, void *arena, size_t size)
{
    int result = spkl_open(&model, image, length);

    bare_output.n_events = 0;
    return result ? result : spkl_start(&net, &model, arena, size);
}

/* Takes the last sample's events, runs one sample, looks at the output.
 * Returns the predicted class, or an error. */
int bare_sample(const uint16_t *neurons, const uint16_t *n_events,
                uint32_t ticks)
{
    int result = spkl_output_take(&net, 0, bare_output.n_events);

    for (uint32_t i = 0; i < ticks && result == 0; i++) {
        result = spkl_push_spikes(&net, 0, neurons, n_events[i]);
        if (result == 0) {
            result = spkl_tick(&net);
        }
        neurons += n_events[i];
    }
    if (result == 0) {
        result = spkl_output(&net, 0, &bare_output);
    }
    return result ? result : (int)bare_output.prediction;
}

/* The same with stamped events, whose values may be others than 1. */
int bare_events(const struct spkl_event *events, const uint16_t *n_events,
                uint32_t ticks)
{
    int result = spkl_output_take(&net, 0, bare_output.n_events);

    for (uint32_t i = 0; i < ticks && result == 0; i++) {
        result = spkl_push(&net, 0, events, n_events[i]);
        if (result == 0) {
            result = spkl_tick(&net);
        }
        events += n_events[i];
    }
    if (result == 0) {
        result = spkl_output(&net, 0, &bare_output);
    }
    return result ? result : (int)bare_output.prediction;
}

uint32_t bare_ticks(uint32_t n)
{
    return spkl_advance(&net, n);
}

int bare_probe(unsigned population, enum spkl_variable variable,
               int32_t *values, size_t n)
{
    return spkl_probe(&net, population, variable, values, 0, n);
}

uint32_t bare_synops(unsigned population)
{
    struct spkl_stats stats;

    if (spkl_population_stats(&net, population, &stats) != 0) {
        return 0;
    }
    return (uint32_t)stats.synops;
}
