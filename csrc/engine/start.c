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
    at += model->n_populations * sizeof *net->populations;
    net->projections = (void *)at;
    at += model->n_projections * sizeof *net->projections;
    net->inputs = (void *)at;
    at += model->n_inputs * sizeof *net->inputs;
    net->outputs = (void *)at;
    at += model->n_outputs * sizeof *net->outputs;
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
    struct spkl_walk walk = {.state = (uintptr_t)arena + sizeof *net->clock,
                             .model = model,
                             .net = net,
                             .real = UINT32_MAX};
    int error;

    if (arena == NULL || (uintptr_t)arena % ALIGNED != 0 ||
        size < model->arena_size) {
        return SPKL_ERR_ARENA;
    }
    (void)spkl_lay_out(model, (uintptr_t)arena, net);
    error = spkl_build(&walk);
    if (error == SPKL_OK) {
        spkl_reset(net);
    }
    return error;
}
