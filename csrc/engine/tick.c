/* Ticks: semantics 2. */
#include "net.h"

static void count(uint64_t *counter, uint32_t n)
{
    *counter += n;
}

/* One tick of a population. */
static void update(const struct spkl_net *net, const struct spkl_population *p)
{
    const struct spkl_projection *end = p->projections_end;
    uint32_t *state = p->source.n; /* number of events, quiescent */
    uint32_t n_events = 0;
    bool changed;

    for (const struct spkl_projection *q = p->projections; q != end; q++) {
        uint32_t n = *q->source->n;

        if (n > 0) {
            n_events += n;
            count(&p->stats->synops, n * p->lif.n);
            spkl_add_dense(net, q, n);
        }
    }
    if (n_events == 0 && state[1] != 0) {
        count(&p->stats->quiet_ticks, 1);
        return;
    }
    state[0] = (uint32_t)p->tick(&p->lif, &changed);
    state[1] = (n_events | state[0]) == 0 && !changed;
    count(&p->stats->events, state[0]);
}

/* Do the ticks, n at most, in which certainly nothing changes but counters: a
 * tick of the sample has been done, all populations are quiescent, no sample
 * begins and no event comes. Returns their number. */
static uint32_t rest(const struct spkl_net *net, uint32_t n)
{
    const struct spkl_population *end = spkl_end_of_populations(net);
    const struct spkl_population *p = net->populations;
    const struct spkl_input *in = net->inputs;
    struct spkl_clock *clock = net->clock;
    uint32_t left = net->model->ticks_per_sample - clock->sample_tick;

    if (clock->sample_tick == 0) {
        return 0;
    }
    n = n < left ? n : left; /* without a window many are left */
    do {
        if (p->source.n[1] == 0) {
            return 0;
        }
    } while (++p != end);
    do {
        const struct spkl_queue *queue = in->queue;

        if ((queue->n_events | queue->kind) != 0) {
            return 0;
        }
        if (queue->read != queue->write) {
            left = spkl_queue_place(in, queue->read)->tick - clock->tick;
            if ((int32_t)left <= 0) {
                return 0;
            }
            n = n < left ? n : left;
        }
    } while (++in != spkl_end_of_inputs(net));
    p = net->populations;
    do {
        count(&p->stats->quiet_ticks, n);
    } while (++p != end);
    clock->tick += n;
    clock->sample_tick += n;
    return n;
}

static void run(const struct spkl_net *net)
{
    const struct spkl_input *in = net->inputs;
    const struct spkl_population *p = net->populations;
    struct spkl_clock *clock = net->clock;
    uint32_t now = clock->tick++;

    /* From here on an interrupt's events are for a later tick. */
    SPKL_BARRIER();
    do {
        in->queue->n_events = in->port->update(net, in, now);
    } while (++in != spkl_end_of_inputs(net));
    do {
        update(net, p);
    } while (++p != spkl_end_of_populations(net));
    spkl_output_update(net, now);
    clock->sample_tick++;
}

/* Whether all output queues have room for a tick. */
static bool has_room(const struct spkl_net *net)
{
    const struct spkl_sink *out = net->outputs;

    do {
        if (*out->n_events > out->most) {
            return false;
        }
    } while (++out != spkl_end_of_outputs(net));
    return true;
}

uint32_t spkl_advance(struct spkl_net *net, uint32_t n)
{
    uint32_t left = n;

    while (left > 0 && has_room(net)) {
        uint32_t done;

        spkl_begin_sample_if_due(net);
        done = rest(net, left);
        if (done == 0) {
            run(net);
            done = 1;
        }
        left -= done;
    }
    return n - left;
}

int spkl_tick(struct spkl_net *net)
{
    return spkl_advance(net, 1) == 1 ? SPKL_OK : SPKL_MORE;
}
