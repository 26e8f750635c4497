/* What can be read of a running network. */
#include "net.h"
#include "spkl_lif_flags.h"

uint32_t spkl_tick_number(const struct spkl_net *net)
{
    return net->clock->tick;
}

static int32_t event_of(const struct spkl_source *source, size_t neuron)
{
    for (uint32_t i = 0; i < *source->n; i++) {
        if (source->neurons[i] == neuron) {
            return source->values == NULL ? 1 : source->values[i];
        }
    }
    return 0;
}

static int32_t word_of(const struct spkl_population *p,
                       enum spkl_variable variable, size_t i)
{
    uint32_t flags = p->lif.flags;

    switch (variable) {
    case SPKL_VAR_V:
        return p->lif.v[i];
    case SPKL_VAR_U:
        return flags & SPKL_LIF_HAS_U ? p->lif.u[i] : 0;
    case SPKL_VAR_A:
        return flags & SPKL_LIF_HAS_A ? p->lif.a[i] : 0;
    case SPKL_VAR_R:
        return flags & SPKL_LIF_HAS_REFRACTORY ? p->lif.r[i] : 0;
    case SPKL_VAR_EVENTS:
        return event_of(&p->source, i);
    case SPKL_VAR_QUIET:
    default:
        return (int32_t)p->head->quiescent;
    }
}

int spkl_probe(const struct spkl_net *net, unsigned population,
               enum spkl_variable variable, int32_t *values, size_t first,
               size_t n)
{
    const struct spkl_population *p;

    if (population >= spkl_count(net->model, SPKL_SECTION_POPULATIONS) ||
        (unsigned)variable > SPKL_VAR_QUIET) {
        return SPKL_ERR_ARGUMENT;
    }
    p = &net->populations[population];
    if (first > p->lif.n || n > p->lif.n - first) {
        return SPKL_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < n; i++) {
        values[i] = word_of(p, variable, first + i);
    }
    return SPKL_OK;
}

int spkl_population_stats(const struct spkl_net *net, unsigned population,
                          struct spkl_stats *stats)
{
    if (population >= spkl_count(net->model, SPKL_SECTION_POPULATIONS)) {
        return SPKL_ERR_ARGUMENT;
    }
    *stats = net->populations[population].head->stats;
    return SPKL_OK;
}
