/* The state part of the arena: docs/reference/arena.md, 1. */
#include "net.h"
#include "spkl_lif_flags.h"

struct walk {
    uint8_t *base;
    uint32_t used;
};

static void *place(struct walk *walk, uint32_t bytes)
{
    void *at = walk->base != NULL ? walk->base + walk->used : NULL;

    walk->used += (bytes + 7u) & ~UINT32_C(7);
    return at;
}

static void place_population(struct walk *walk,
                             const struct spkl_population_record *record,
                             struct spkl_population *p)
{
    uint32_t flags = record->flags;
    uint32_t n = record->size;

    p->stats = place(walk, sizeof *p->stats);
    p->lif.v = place(walk, 4 * n);
    p->lif.u = place(walk, flags & SPKL_LIF_HAS_U ? 4 * n : 0);
    p->lif.a = place(walk, flags & SPKL_LIF_HAS_A ? 4 * n : 0);
    p->lif.r = place(walk, flags & SPKL_LIF_HAS_REFRACTORY ? 2 * n : 0);
    p->source.n = place(walk, 8);
    p->source.neurons = place(walk, flags & SPKL_LIF_FIRES ? 2 * n : 0);
    p->source.values = place(walk, flags & SPKL_LIF_SEVERAL ? 2 * n : 0);
}

static void place_input(struct walk *walk,
                        const struct spkl_input_record *record,
                        struct spkl_input *in)
{
    in->queue = place(walk, sizeof *in->queue);
    in->source.n = place(walk, 8);
    in->source.neurons = place(walk, 2u * record->capacity);
    in->source.values = place(walk, 2u * record->capacity);
    if (record->encoder == SPKL_ENCODER_EVENTS) {
        in->events = place(walk, sizeof *in->events * record->capacity);
    } else {
        in->frame = place(walk, record->size);
    }
}

static void place_output(struct walk *walk,
                         const struct spkl_output_record *record, uint32_t size,
                         struct spkl_sink *out)
{
    out->n_events = place(walk, 8);
    out->scores =
        place(walk, record->decoder != SPKL_DECODER_NONE ? 4 * size : 0);
    out->events = place(walk, sizeof *out->events * record->capacity);
}

uint32_t spkl_place_state(const struct spkl_model *model, uint8_t *base,
                          struct spkl_net *net)
{
    struct walk walk = {base, 0};
    union {
        struct spkl_population population;
        struct spkl_input input;
        struct spkl_sink output;
    } unused;

    (void)place(&walk, sizeof(struct spkl_clock));
    for (unsigned i = 0; i < model->n_populations; i++) {
        place_population(&walk, &model->populations[i],
                         net ? &net->populations[i] : &unused.population);
    }
    for (unsigned i = 0; i < model->n_inputs; i++) {
        place_input(&walk, &model->inputs[i],
                    net ? &net->inputs[i] : &unused.input);
    }
    for (unsigned i = 0; i < model->n_outputs; i++) {
        const struct spkl_output_record *record = &model->outputs[i];

        place_output(&walk, record, model->populations[record->population].size,
                     net ? &net->outputs[i] : &unused.output);
    }
    return walk.used;
}
