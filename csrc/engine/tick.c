/* One tick, and many: semantics 2. */
#include "net.h"

static void list_rows(const uint8_t **rows, const uint16_t *neurons, size_t n,
                      const uint8_t *weights, uint32_t stride)
{
    for (; n >= 4; n -= 4, rows += 4, neurons += 4) {
        rows[0] = weights + (size_t)neurons[0] * stride;
        rows[1] = weights + (size_t)neurons[1] * stride;
        rows[2] = weights + (size_t)neurons[2] * stride;
        rows[3] = weights + (size_t)neurons[3] * stride;
    }
    for (; n > 0; n--) {
        *rows++ = weights + (size_t)*neurons++ * stride;
    }
}

static void add_spikes(const struct spkl_net *net,
                       const struct spkl_projection *p, size_t n)
{
    const uint16_t *neurons = p->source->neurons;

    while (n > 0) {
        size_t some = n < SPKL_ROWS_MAX ? n : SPKL_ROWS_MAX;

        list_rows(net->rows, neurons, some, p->weights, p->stride);
        spkl_kernels.add_rows_u8_s32(net->in, net->rows, some, p->stride);
        neurons += some;
        n -= some;
    }
}

static void add_graded(const struct spkl_net *net,
                       const struct spkl_projection *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t *row =
            p->weights + (size_t)p->source->neurons[i] * p->stride;

        spkl_kernels.add_row_scaled_u8_s32(net->in, row, p->source->values[i],
                                           p->stride);
    }
}

/* Sum what the projections to a population bring. Returns the number of its
 * incoming events. */
static uint32_t gather(const struct spkl_net *net,
                       const struct spkl_projection *p, uint32_t n_projections,
                       uint64_t *synops, uint32_t n_targets)
{
    uint32_t n_events = 0;

    for (; n_projections > 0; n_projections--, p++) {
        uint32_t n = *p->source->n;

        if (n == 0) {
            continue;
        }
        n_events += n;
        *synops += n * n_targets;
        if (p->source->ones) {
            add_spikes(net, p, n);
        } else {
            add_graded(net, p, n);
        }
    }
    return n_events;
}

static void update(const struct spkl_net *net, const struct spkl_population *p,
                   const struct spkl_projection *projections)
{
    uint32_t n_events =
        gather(net, projections, p->n_projections, &p->stats->synops, p->lif.n);
    bool changed;
    size_t n;

    if (n_events == 0 && *p->quiescent != 0) {
        p->stats->quiet_ticks++;
        return;
    }
    n = p->tick(&p->lif, &changed);
    *p->source.n = (uint32_t)n;
    *p->quiescent = n_events == 0 && n == 0 && !changed;
    p->stats->events += n;
}

static bool has_room(const struct spkl_net *net)
{
    for (unsigned i = 0; i < net->model->n_outputs; i++) {
        if (!spkl_output_has_room(&net->outputs[i])) {
            return false;
        }
    }
    return true;
}

int spkl_tick(struct spkl_net *net)
{
    const struct spkl_model *model = net->model;
    const struct spkl_projection *projections = net->projections;

    if (!has_room(net)) {
        return SPKL_MORE;
    }
    spkl_begin_sample_if_due(net);
    for (unsigned i = 0; i < model->n_inputs; i++) {
        spkl_input_update(net, &net->inputs[i]);
    }
    for (unsigned i = 0; i < model->n_populations; i++) {
        const struct spkl_population *p = &net->populations[i];

        update(net, p, projections);
        projections += p->n_projections;
    }
    for (unsigned i = 0; i < model->n_outputs; i++) {
        spkl_output_update(net, &net->outputs[i]);
    }
    net->clock->tick++;
    net->clock->sample_tick++;
    return SPKL_OK;
}

/* The number of ticks, n at most, in which certainly nothing changes but
 * counters: a tick of the sample has been done, all populations are quiescent,
 * no sample begins and no event comes. */
static uint32_t silence(const struct spkl_net *net, uint32_t n)
{
    const struct spkl_model *model = net->model;
    uint32_t done = net->clock->sample_tick;

    if (done == 0) {
        return 0;
    }
    if (model->ticks_per_sample > 0 && n > model->ticks_per_sample - done) {
        n = model->ticks_per_sample - done;
    }
    for (unsigned i = 0; i < model->n_populations; i++) {
        if (*net->populations[i].quiescent == 0) {
            return 0;
        }
    }
    for (unsigned i = 0; i < model->n_inputs; i++) {
        n = spkl_input_silence(net, &net->inputs[i], n);
    }
    return n;
}

static void skip(const struct spkl_net *net, uint32_t n)
{
    for (unsigned i = 0; i < net->model->n_populations; i++) {
        net->populations[i].stats->quiet_ticks += n;
    }
    for (unsigned i = 0; i < net->model->n_inputs; i++) {
        *net->inputs[i].source.n = 0;
    }
    net->clock->tick += n;
    net->clock->sample_tick += n;
}

uint32_t spkl_advance(struct spkl_net *net, uint32_t n)
{
    uint32_t done = 0;

    while (done < n) {
        uint32_t quiet = silence(net, n - done);

        if (quiet > 0 && has_room(net)) {
            skip(net, quiet);
            done += quiet;
        } else if (spkl_tick(net) == SPKL_OK) {
            done++;
        } else {
            break;
        }
    }
    return done;
}
