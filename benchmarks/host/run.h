/* What each side of the comparison runs: many samples in one call. */
#ifndef RUN_H
#define RUN_H

#include <stddef.h>
#include <stdint.h>

struct run {
    const uint16_t *neurons;  /* events of all samples */
    const uint16_t *n_events; /* [samples * ticks] */
    int32_t *predictions;     /* [samples] out */
    int32_t *scores;          /* [samples * outputs] out */
    uint32_t samples;
    uint32_t ticks;
};

/* Returns 0, or an error of the engine. */
int run_samples(const struct run *run);

/* Membranes of population 0 or 1. Returns 0 or an error of the engine. */
int run_probe(unsigned population, int32_t *v, size_t n);

#endif
