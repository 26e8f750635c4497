/* See samples.h. Inputs are cut to what a queue holds, at borders of ticks. */
#include "samples.h"

#include <string.h>

enum { PIECE = 256 };

/* One past the last event of the piece that begins with events[next]: whole
 * ticks that fit into an empty queue. A tick that never fits is a piece by
 * itself, and spkl_push refuses it. */
static uint64_t piece_end(const struct spkl_host_input *in)
{
    uint64_t stop = in->next + in->capacity;

    if (stop >= in->end) {
        return in->end;
    }
    while (stop > in->next &&
           in->events[stop - 1].tick == in->events[stop].tick) {
        stop--;
    }
    if (stop == in->next) {
        do {
            stop++;
        } while (stop < in->end &&
                 in->events[stop].tick == in->events[stop - 1].tick);
    }
    return stop;
}

/* Push events first .. stop - 1 with the run's ticks. */
static int push_piece(const struct spkl_host_run *run, unsigned port,
                      uint64_t first, uint64_t stop)
{
    struct spkl_event piece[PIECE];

    while (first < stop) {
        size_t n = stop - first < PIECE ? (size_t)(stop - first) : PIECE;
        int code;

        memcpy(piece, run->inputs[port].events + first, n * sizeof *piece);
        for (size_t i = 0; i < n; i++) {
            piece[i].tick += run->start;
        }
        code = spkl_push(run->net, port, piece, n);
        if (code != SPKL_OK) {
            return code;
        }
        first += n;
    }
    return SPKL_OK;
}

/* Push what is due. *until is lowered to the tick of the sample up to which
 * all is pushed. */
static int fill(struct spkl_host_run *run, unsigned port, uint32_t *until)
{
    struct spkl_host_input *in = &run->inputs[port];

    while (run->early && in->next < in->end &&
           in->events[in->next].tick < run->done) {
        in->next++; /* of a tick that was not run */
    }
    if (in->next < in->end && in->events[in->next].tick <= run->done) {
        uint64_t stop = piece_end(in);
        int code = push_piece(run, port, in->next, stop);

        if (code != SPKL_OK) {
            return code;
        }
        in->next = stop;
    }
    if (in->next < in->end && in->events[in->next].tick < *until) {
        *until = in->events[in->next].tick;
    }
    return SPKL_OK;
}

/* Find the sample's events; those after its last tick are left out. */
static void find_events(const struct spkl_host_run *run,
                        struct spkl_host_input *in)
{
    if (in->events == NULL) {
        return;
    }
    in->next = in->offsets[run->sample];
    in->end = in->offsets[run->sample + 1];
    while (in->end > in->next &&
           in->events[in->end - 1].tick >= run->ticks[run->sample]) {
        in->end--;
    }
}

static int begin(struct spkl_host_run *run)
{
    if (run->reset) {
        spkl_reset(run->net);
    }
    run->start = spkl_tick_number(run->net);
    run->done = 0;
    for (unsigned port = 0; port < run->n_inputs; port++) {
        struct spkl_host_input *in = &run->inputs[port];

        if (in->frames != NULL) {
            int code = spkl_push_frame(
                run->net, port, in->frames + run->sample * in->size, in->size);

            if (code != SPKL_OK) {
                return code;
            }
        }
        find_events(run, in);
    }
    for (unsigned port = 0; port < run->n_outputs; port++) {
        uint64_t *offsets = run->outputs[port].offsets + run->sample;

        offsets[1] = offsets[0];
    }
    run->begun = true;
    return SPKL_OK;
}

/* Empty the output queues. Returns 0, or SPKL_MORE: some are not empty yet. */
static int drain(struct spkl_host_run *run)
{
    int result = SPKL_OK;

    for (unsigned port = 0; port < run->n_outputs; port++) {
        struct spkl_host_output *out = &run->outputs[port];
        int64_t *counts = out->counts + run->sample * out->size;
        struct spkl_output held;

        (void)spkl_output(run->net, port, &held);
        if (out->events != NULL) {
            if (held.n_events > out->capacity - out->n_events) {
                result = SPKL_MORE;
                continue;
            }
            for (size_t i = 0; i < held.n_events; i++) {
                struct spkl_event event = held.events[i];

                event.tick -= run->start;
                out->events[out->n_events++] = event;
            }
            out->offsets[run->sample + 1] += held.n_events;
        }
        for (size_t i = 0; i < held.n_events; i++) {
            counts[held.events[i].neuron] += held.events[i].value;
        }
        (void)spkl_output_take(run->net, port, held.n_events);
    }
    return result;
}

/* Ticks up to one of the sample, or less. */
static void advance(struct spkl_host_run *run, uint32_t until)
{
    uint32_t n = until - run->done;

    run->used[run->sample] += run->early ? spkl_advance_early(run->net, n)
                                         : spkl_advance(run->net, n);
    run->done = spkl_tick_number(run->net) - run->start;
}

/* All ticks of the sample from where it is. */
static int run_ticks(struct spkl_host_run *run)
{
    uint32_t ticks = run->ticks[run->sample];

    for (;;) {
        uint32_t until = ticks;
        int code = drain(run);

        if (code != SPKL_OK || run->done >= ticks) {
            return code;
        }
        for (unsigned port = 0; port < run->n_inputs; port++) {
            code = fill(run, port, &until);
            if (code != SPKL_OK) {
                return code;
            }
        }
        advance(run, until);
    }
}

static void finish(struct spkl_host_run *run)
{
    size_t sample = run->sample;

    for (unsigned port = 0; port < run->n_outputs; port++) {
        struct spkl_host_output *out = &run->outputs[port];
        struct spkl_output held;

        (void)spkl_output(run->net, port, &held);
        out->predictions[sample] = -1;
        if (held.scores != NULL) {
            out->predictions[sample] = (int32_t)held.prediction;
            memcpy(out->scores + sample * out->size, held.scores,
                   out->size * sizeof *out->scores);
        }
    }
    for (unsigned p = 0; p < run->n_populations; p++) {
        (void)spkl_population_stats(
            run->net, p, run->stats + sample * run->n_populations + p);
    }
    run->begun = false;
    run->sample++;
}

int spkl_host_run_samples(struct spkl_host_run *run)
{
    while (run->sample < run->stop) {
        int code = run->begun ? SPKL_OK : begin(run);

        if (code == SPKL_OK) {
            code = run_ticks(run);
        }
        if (code != SPKL_OK) {
            return code;
        }
        finish(run);
    }
    return SPKL_OK;
}
