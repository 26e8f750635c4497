/*
 * Runs many samples in one call: what Runner.run of runtime/runner.py does for
 * each, without Python in between. For the Python extension only.
 */
#ifndef SPKL_HOST_SAMPLES_H
#define SPKL_HOST_SAMPLES_H

#include <stdbool.h>

#include "spkl.h"

/* What an input port gets. Both NULL: nothing. */
struct spkl_host_input {
    const uint8_t *frames;           /* [samples * size] */
    const struct spkl_event *events; /* ticks count from their sample's start */
    const uint64_t *offsets;         /* [samples + 1] into events */
    size_t size;                     /* neurons of the port */
    size_t capacity;                 /* events that its queue holds */
    uint64_t next;                   /* in/out the next event to push */
    uint64_t end;                    /* in/out one past the sample's last */
};

/* What an output port gives. */
struct spkl_host_output {
    int32_t *predictions;      /* [samples] out; -1 without a decoder */
    int32_t *scores;           /* [samples * size] out, with a decoder */
    int64_t *counts;           /* [samples * size] in/out sums of values */
    struct spkl_event *events; /* [capacity] out; NULL: not wanted */
    uint64_t *offsets;         /* [samples + 1] in/out into all events */
    size_t size;               /* neurons of the port */
    size_t capacity;           /* places in events, at least the queue's */
    size_t n_events;           /* in/out events that are in there */
};

/* A run over samples: all that is needed to go on with it. */
struct spkl_host_run {
    struct spkl_net *net;
    struct spkl_host_input *inputs;   /* [n_inputs] */
    struct spkl_host_output *outputs; /* [n_outputs] */
    struct spkl_stats *stats;         /* [samples * n_populations] out */
    const uint32_t *ticks;            /* [samples] of each */
    uint32_t *used; /* [samples] in/out ticks that were done */
    size_t n_inputs;
    size_t n_outputs;
    size_t n_populations;
    size_t sample;  /* in/out the sample that runs, or the next one */
    size_t stop;    /* where to stop, at most the number of samples */
    uint32_t start; /* in/out the sample's first tick */
    uint32_t done;  /* in/out ticks of the sample that are done */
    bool begun;     /* in/out */
    bool reset;     /* start each sample from the initial state */
    bool early;     /* samples end when they are decided */
};

/*
 * Run samples until `stop`, from where the run is; all in/out fields are 0 at
 * first. Output queues are emptied on the way.
 *
 * Returns 0, SPKL_MORE when an output's events are full (empty them, set their
 * n_events to 0, and call again), or what spkl_push or spkl_push_frame return
 * for an input of `sample`; then the run cannot go on.
 */
int spkl_host_run_samples(struct spkl_host_run *run);

#endif
