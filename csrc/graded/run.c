/* An inference, layer by layer: docs/reference/graded.md 2. */
#include "graded.h"

/* An array of DATA that may be absent. */
static const void *data_at(const struct spkl_graded_model *model,
                           uint32_t offset)
{
    return offset == SPKL_IMAGE_ABSENT ? NULL : model->data + offset;
}

void spkl_resolve(const struct spkl_graded_model *model,
                  const struct spkl_layer_record *record, uint8_t *memory,
                  struct spkl_layer *layer)
{
    const struct spkl_tensor_record *tensor =
        spkl_tensor_of(model, record->output);

    layer->out = memory == NULL ? NULL : memory + tensor->at;
    layer->out_size = tensor->size;
    layer->out_type = tensor->type;
    for (unsigned i = 0; i < record->n_inputs; i++) {
        const uint8_t *from = memory;

        tensor = spkl_tensor_of(model, record->inputs[i]);
        if (tensor->constant) {
            from = model->data;
        }
        layer->in[i] = memory == NULL ? NULL : from + tensor->at;
        layer->in_size[i] = tensor->size;
        layer->in_type[i] = tensor->type;
    }
    layer->parameters = data_at(model, record->parameters);
    layer->table = data_at(model, record->table);
    layer->weights = data_at(model, record->weights);
    layer->weights_length = record->weights_length;
    layer->scratch = memory == NULL ? NULL : memory + model->memory_size;
}

int spkl_graded_run(struct spkl_graded *net, uint32_t n)
{
    const struct spkl_graded_model *model = net->model;
    struct spkl_layer layer;

    if (net->next == model->n_layers) {
        net->next = 0;
    }
    while (net->next < model->n_layers && n > 0) {
        const struct spkl_layer_record *record =
            spkl_layer_of(model, net->next);

        spkl_resolve(model, record, net->memory, &layer);
        spkl_layers[record->kind].run(&layer);
        net->next++;
        n--;
    }
    return net->next == model->n_layers ? SPKL_OK : SPKL_MORE;
}

void spkl_graded_infer(struct spkl_graded *net)
{
    net->next = 0;
    (void)spkl_graded_run(net, UINT32_MAX);
}
