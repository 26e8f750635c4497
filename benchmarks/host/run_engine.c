/* Samples through the engine's API, as an application does it. */
#include "run.h"

#include <string.h>

#include "spkl.h"

static struct spkl_model model;
static struct spkl_net net;

int run_start(const void *image, size_t length, void *arena, size_t size);

int run_start(const void *image, size_t length, void *arena, size_t size)
{
    int result = spkl_open(&model, image, length);

    return result != 0 ? result : spkl_start(&net, &model, arena, size);
}

int run_probe(unsigned population, int32_t *v, size_t n)
{
    return spkl_probe(&net, population, SPKL_VAR_V, v, 0, n);
}

int run_samples(const struct run *run)
{
    const uint16_t *neurons = run->neurons;
    const uint16_t *n_events = run->n_events;
    struct spkl_output output;
    int result = 0;

    for (uint32_t k = 0; k < run->samples && result == 0; k++) {
        for (uint32_t i = 0; i < run->ticks && result == 0; i++) {
            result = spkl_push_spikes(&net, 0, neurons, *n_events);
            neurons += *n_events++;
            if (result == 0) {
                result = spkl_tick(&net);
            }
        }
        if (result == 0) {
            result = spkl_output(&net, 0, &output);
        }
        if (result == 0) {
            run->predictions[k] = (int32_t)output.prediction;
            memcpy(run->scores + k * output.size, output.scores,
                   output.size * sizeof *output.scores);
            result = spkl_output_take(&net, 0, output.n_events);
        }
    }
    return result;
}
