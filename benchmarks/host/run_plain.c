/* Samples through plain.c. */
#include "run.h"

#include <string.h>

#include "sized.h"

int run_samples(const struct run *run)
{
    const uint16_t *neurons = run->neurons;
    const uint16_t *n_events = run->n_events;

    for (uint32_t k = 0; k < run->samples; k++) {
        run->predictions[k] = plain_sample(neurons, n_events, run->ticks);
        memcpy(run->scores + k * PLAIN_OUTPUTS, plain_scores,
               sizeof plain_scores);
        for (uint32_t i = 0; i < run->ticks; i++) {
            neurons += *n_events++;
        }
    }
    return 0;
}

int run_probe(unsigned population, int32_t *v, size_t n)
{
    memcpy(v, population == 0 ? plain_v_hidden : plain_v_output, n * sizeof *v);
    return 0;
}
