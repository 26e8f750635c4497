/* A graded network in an arena: tensor memory, then scratch. */
#include "graded.h"

enum { ALIGNED = 8 };

size_t spkl_graded_arena_size(const struct spkl_graded_model *model)
{
    return (size_t)model->memory_size + model->scratch_size;
}

int spkl_graded_start(struct spkl_graded *net,
                      const struct spkl_graded_model *model, void *arena,
                      size_t size)
{
    if (arena == NULL || (uintptr_t)arena % ALIGNED != 0 ||
        size < spkl_graded_arena_size(model)) {
        return SPKL_ERR_ARENA;
    }
    net->model = model;
    net->memory = arena;
    net->scratch = net->memory + model->memory_size;
    spkl_graded_reset(net);
    return SPKL_OK;
}

void spkl_graded_reset(struct spkl_graded *net)
{
    const struct spkl_graded_model *model = net->model;

    for (uint32_t i = 0; i < model->variables_size; i++) {
        net->memory[i] = model->data[model->initial + i];
    }
    net->next = model->n_layers;
}
