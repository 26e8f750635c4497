/* A network in an arena: docs/reference/arena.md. */
#include "build.h"

enum { ALIGNED = 8 };

uintptr_t spkl_lay_out(const struct spkl_model *model, uintptr_t arena,
                       struct spkl_net *net)
{
    uintptr_t at = arena + model->state_size;

    net->model = model;
    net->clock = (void *)arena;
    net->populations = (void *)at;
    at +=
        spkl_count(model, SPKL_SECTION_POPULATIONS) * sizeof *net->populations;
    net->projections = (void *)at;
    at +=
        spkl_count(model, SPKL_SECTION_PROJECTIONS) * sizeof *net->projections;
    net->inputs = (void *)at;
    at += spkl_count(model, SPKL_SECTION_INPUTS) * sizeof *net->inputs;
    net->outputs = (void *)at;
    at += spkl_count(model, SPKL_SECTION_OUTPUTS) * sizeof *net->outputs;
    net->in = (void *)at;
    at += model->n_in * sizeof *net->in;
    net->rows = (void *)at;
    return at + model->n_rows * sizeof *net->rows;
}

size_t spkl_arena_size(const struct spkl_model *model)
{
    return model->arena_size;
}

int spkl_start(struct spkl_net *net, const struct spkl_model *model,
               void *arena, size_t size)
{
    struct spkl_walk walk;
    int error;

    if (arena == NULL || (uintptr_t)arena % ALIGNED != 0 ||
        size < model->arena_size) {
        return SPKL_ERR_ARENA;
    }
    walk.more = spkl_lay_out(model, (uintptr_t)arena, &walk.net);
    walk.real = UINT32_MAX;
    walk.most_sums = 0;
    walk.most_rows = 0;
    walk.state = (uintptr_t)(walk.net.clock + 1);
    error = spkl_build(&walk);
    if (error == SPKL_OK) {
        *net = walk.net;
        spkl_reset(net);
    }
    return error;
}
