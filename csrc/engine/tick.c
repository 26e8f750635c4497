/* Ticks: semantics 2. */
#include "net.h"

#if defined(__OPTIMIZE_SIZE__)
SPKL_NOINLINE void spkl_count_up(uint64_t *counter, uint32_t n)
{
    *counter += n;
}
#endif

/* One tick of a population. */
static void update(const struct spkl_net *net, const struct spkl_population *p)
{
    const struct spkl_projection *end = p->projections_end;
    struct spkl_head *head = p->head;
    uint32_t n_events = 0;
    bool changed[2];

    for (const struct spkl_projection *q = p->projections; q != end; q++) {
        n_events |= q->deliver(net, p, q);
    }
    if (n_events == 0 && head->quiescent != 0) {
        spkl_count_up(&head->stats.quiet_ticks, 1);
        return;
    }
    changed[0] = n_events != 0;
    head->n_events = (uint32_t)p->tick(&p->lif, changed);
    spkl_count_up(&head->stats.events, head->n_events);
    n_events |= head->n_events | changed[0];
    head->quiescent = n_events == 0;
    net->clock->awake |= n_events;
}

static void run(const struct spkl_net *net)
{
    const struct spkl_input *in = net->inputs;
    const struct spkl_population *p = net->populations;
    struct spkl_clock *clock = net->clock;
    uint32_t now = clock->tick++;

    clock->awake = 0;

    /* From here on an interrupt's events are for a later tick. */
    SPKL_BARRIER();
    do {
        in->queue->n_events = in->update(net, in, now);
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
        done = spkl_rest(net, left);
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
