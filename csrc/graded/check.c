/* The records of a graded image: docs/reference/graded.md 4.8. */
#include "graded.h"

static int check_tensor(const struct spkl_graded_model *model,
                        const struct spkl_tensor_record *tensor)
{
    uint32_t type = tensor->type;
    bool is_inside;

    if (type != SPKL_TENSOR_INT8 && type != SPKL_TENSOR_INT16 &&
        type != SPKL_TENSOR_INT32) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (tensor->size == 0 || tensor->size > SPKL_GRADED_TENSOR_MAX ||
        tensor->constant > 1 ||
        (tensor->reserved[0] | tensor->reserved[1]) != 0) {
        return SPKL_ERR_IMAGE_TENSOR;
    }
    if (tensor->constant) {
        is_inside = spkl_is_in_data(model, tensor->at, spkl_bytes_of(tensor));
    } else {
        is_inside = tensor->at % 4 == 0 && tensor->at <= model->memory_size &&
                    spkl_bytes_of(tensor) <= model->memory_size - tensor->at;
    }
    return is_inside ? SPKL_OK : SPKL_ERR_IMAGE_TENSOR;
}

static int check_tensors(const struct spkl_graded_model *model)
{
    int error = SPKL_OK;

    for (uint32_t i = 0; i < model->n_tensors && error == SPKL_OK; i++) {
        error = check_tensor(model, spkl_tensor_of(model, i));
    }
    return error;
}

/* The end of a tensor if it holds the byte `at` of the memory, else `at`. */
static uint32_t behind(const struct spkl_graded_model *model, uint32_t index,
                       uint32_t at)
{
    const struct spkl_tensor_record *tensor = spkl_tensor_of(model, index);

    return at - tensor->at < spkl_bytes_of(tensor) && !tensor->constant
               ? tensor->at + spkl_bytes_of(tensor)
               : at;
}

/* Whether each byte of a tensor has a meaning when the n-th layer begins: it is
 * of a constant, a variable, an input or the output of a layer before. */
static bool is_written(const struct spkl_graded_model *model, uint32_t n,
                       uint32_t index)
{
    const struct spkl_tensor_record *tensor = spkl_tensor_of(model, index);
    uint32_t at = tensor->at;
    uint32_t end = at + spkl_bytes_of(tensor);
    uint32_t before;

    if (tensor->constant) {
        return true;
    }
    do {
        before = at;
        if (at < model->variables_size) {
            at = model->variables_size;
        }
        for (uint32_t i = n; i > 0 && at < end; i--) {
            at = behind(model, spkl_layer_of(model, i - 1)->output, at);
        }
        for (uint32_t i = 0; i < model->n_inputs && at < end; i++) {
            at = behind(model, spkl_port_of(model, i)->tensor, at);
        }
    } while (at < end && at != before);
    return at >= end;
}

static int check_ports(struct spkl_graded_model *model, uint32_t n_ports)
{
    model->n_inputs = 0;
    model->n_outputs = 0;
    for (uint32_t i = 0; i < n_ports; i++) {
        const struct spkl_port_record *port = spkl_port_of(model, i);
        bool is_output = port->output != 0;
        int error = is_output ? SPKL_ERR_IMAGE_OUTPUT : SPKL_ERR_IMAGE_INPUT;
        uint8_t reserved = 0;

        for (unsigned k = 0; k < sizeof port->reserved; k++) {
            reserved |= port->reserved[k];
        }
        if (reserved != 0 || port->output > 1 ||
            port->tensor >= model->n_tensors ||
            spkl_tensor_of(model, port->tensor)->constant ||
            (!is_output && model->n_outputs > 0)) {
            return error;
        }
        if (is_output) {
            model->n_outputs++;
        } else {
            model->n_inputs++;
        }
    }
    if (model->n_inputs == 0) {
        return SPKL_ERR_IMAGE_INPUT;
    }
    return model->n_outputs == 0 ? SPKL_ERR_IMAGE_OUTPUT : SPKL_OK;
}

/* Whether an array of a layer that may be absent lies in DATA. */
static bool is_array(const struct spkl_graded_model *model, uint32_t offset,
                     uint32_t length)
{
    return offset == SPKL_IMAGE_ABSENT ? length == 0
                                       : spkl_is_in_data(model, offset, length);
}

/* A layer's record alone: what it names is there. */
static bool is_record_right(const struct spkl_graded_model *model,
                            const struct spkl_layer_record *record,
                            const struct spkl_layer_kernel *kernel)
{
    uint32_t length = 4u * kernel->n_parameters;

    if (record->n_inputs != kernel->n_inputs ||
        record->output >= model->n_tensors ||
        spkl_tensor_of(model, record->output)->constant ||
        (record->reserved[0] | record->reserved[1]) != 0) {
        return false;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (record->inputs[i] >=
            (i < record->n_inputs ? model->n_tensors : 1)) {
            return false;
        }
    }
    return (record->parameters == SPKL_IMAGE_ABSENT) == (length == 0) &&
           is_array(model, record->parameters, length) &&
           is_array(model, record->table, 0) &&
           is_array(model, record->weights, record->weights_length);
}

static int check_layer(struct spkl_graded_model *model, uint32_t index)
{
    const struct spkl_layer_record *record = spkl_layer_of(model, index);
    const struct spkl_layer_kernel *kernel;
    struct spkl_layer layer;
    uint32_t scratch = 0;

    if (record->kind == 0 || record->kind >= SPKL_N_LAYER_KINDS) {
        return SPKL_ERR_UNSUPPORTED;
    }
    kernel = &spkl_layers[record->kind];
    if (kernel->run == NULL) {
        return SPKL_ERR_NO_KERNEL;
    }
    if (!is_record_right(model, record, kernel)) {
        return SPKL_ERR_IMAGE_LAYER;
    }
    for (unsigned i = 0; i < record->n_inputs; i++) {
        if (!is_written(model, index, record->inputs[i])) {
            return SPKL_ERR_IMAGE_ORDER;
        }
    }
    spkl_resolve(model, record, NULL, &layer);
    if (!kernel->check(&layer,
                       layer.table == NULL ? 0
                                           : model->data_length - record->table,
                       &scratch) ||
        scratch > SPKL_GRADED_MEMORY_MAX) {
        return SPKL_ERR_IMAGE_LAYER;
    }
    scratch = (scratch + 7) & ~UINT32_C(7);
    if (model->scratch_size < scratch) {
        model->scratch_size = scratch;
    }
    return SPKL_OK;
}

int spkl_check_records(struct spkl_graded_model *model, uint32_t n_ports)
{
    int error = check_tensors(model);

    if (error == SPKL_OK) {
        error = check_ports(model, n_ports);
    }
    model->scratch_size = 0;
    for (uint32_t i = 0; i < model->n_layers && error == SPKL_OK; i++) {
        error = check_layer(model, i);
    }
    for (uint32_t i = 0; i < n_ports && error == SPKL_OK; i++) {
        if (!is_written(model, model->n_layers,
                        spkl_port_of(model, i)->tensor)) {
            error = SPKL_ERR_IMAGE_ORDER;
        }
    }
    return error;
}
