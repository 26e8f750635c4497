/* Where the tensors of a graded network are. */
#include "graded.h"

int spkl_graded_tensor(const struct spkl_graded *net, unsigned index,
                       struct spkl_tensor *tensor)
{
    const struct spkl_tensor_record *record;

    if (index >= net->model->n_tensors) {
        return SPKL_ERR_ARGUMENT;
    }
    record = spkl_tensor_of(net->model, index);
    if (record->constant) {
        return SPKL_ERR_ARGUMENT;
    }
    tensor->at = net->memory + record->at;
    tensor->size = record->size;
    tensor->type = record->type;
    return SPKL_OK;
}

int spkl_graded_input(const struct spkl_graded *net, unsigned port,
                      struct spkl_tensor *tensor)
{
    if (port >= net->model->n_inputs) {
        return SPKL_ERR_ARGUMENT;
    }
    return spkl_graded_tensor(net, spkl_port_of(net->model, port)->tensor,
                              tensor);
}

int spkl_graded_output(const struct spkl_graded *net, unsigned port,
                       struct spkl_tensor *tensor)
{
    const struct spkl_graded_model *model = net->model;

    if (port >= model->n_outputs) {
        return SPKL_ERR_ARGUMENT;
    }
    port += model->n_inputs;
    return spkl_graded_tensor(net, spkl_port_of(model, port)->tensor, tensor);
}
