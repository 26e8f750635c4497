/*
 * Inside the engine of graded networks: records of a checked image, and layers
 * as their functions take them.
 */
#ifndef SPKL_GRADED_INSIDE_H
#define SPKL_GRADED_INSIDE_H

#include "spkl_graded.h"
#include "spkl_layers.h"

static inline const struct spkl_tensor_record *
spkl_tensor_of(const struct spkl_graded_model *model, uint32_t index)
{
    const struct spkl_tensor_record *records = model->tensors;

    return records + index;
}

static inline const struct spkl_layer_record *
spkl_layer_of(const struct spkl_graded_model *model, uint32_t index)
{
    const struct spkl_layer_record *records = model->layers;

    return records + index;
}

static inline const struct spkl_port_record *
spkl_port_of(const struct spkl_graded_model *model, uint32_t index)
{
    const struct spkl_port_record *records = model->ports;

    return records + index;
}

/* Bytes of a tensor of a checked record: at most 2^30. */
static inline uint32_t spkl_bytes_of(const struct spkl_tensor_record *tensor)
{
    return tensor->size * tensor->type;
}

/* Whether an array lies in DATA, at a multiple of 4. */
static inline bool spkl_is_in_data(const struct spkl_graded_model *model,
                                   uint32_t offset, uint32_t length)
{
    return offset % 4 == 0 && offset <= model->data_length &&
           length <= model->data_length - offset;
}

/* check.c: tensors, ports and layers of an image whose sections were checked.
 * Notes in the model how many inputs there are, and scratch. Returns 0 or an
 * error of spkl_graded_open. */
int spkl_check_records(struct spkl_graded_model *model, uint32_t n_ports);

/* run.c: a layer as its functions take it. Without memory `in` and `out` are
 * NULL. */
void spkl_resolve(const struct spkl_graded_model *model,
                  const struct spkl_layer_record *record, uint8_t *memory,
                  struct spkl_layer *layer);

#endif
