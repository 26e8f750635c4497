/*
 * Graded networks: int8 networks in one pass, with the bits of TensorFlow
 * Lite's reference kernels. docs/reference/graded.md defines every result.
 *
 * The caller owns all memory: an image (read in place), a model, a net and an
 * arena. No heap, no float, no global state.
 */
#ifndef SPKL_GRADED_H
#define SPKL_GRADED_H

#include <stddef.h>
#include <stdint.h>

#include "spkl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A checked image. Filled by spkl_graded_open; do not rely on its contents. */
struct spkl_graded_model {
    const void *image;
    const void *tensors;
    const void *layers;
    const void *ports;
    const uint8_t *data;
    uint32_t data_length;
    uint32_t n_tensors;
    uint32_t n_layers;
    uint32_t n_inputs;
    uint32_t n_outputs;
    uint32_t memory_size;
    uint32_t variables_size;
    uint32_t initial;
    uint32_t scratch_size;
};

/* A network in an arena. Filled by spkl_graded_start. */
struct spkl_graded {
    const struct spkl_graded_model *model;
    uint8_t *memory;
    uint8_t *scratch;
    uint32_t next; /* layer; n_layers: the inference is done */
};

/* A tensor's elements in the arena. */
struct spkl_tensor {
    void *at;
    uint32_t size;
    uint32_t type; /* bytes of an element: 1, 2 or 4 */
};

/*
 * Check an image and describe it. Nothing of a refused image is used.
 *
 *   model   out  filled on success, else unchanged
 *   image   in   [length] aligned to 4; stays in place while in use
 *
 * Returns 0, SPKL_ERR_IMAGE_*, SPKL_ERR_UNSUPPORTED, or SPKL_ERR_NO_KERNEL when
 * a kind of layer was not linked. Stack is bounded.
 */
int spkl_graded_open(struct spkl_graded_model *model, const void *image,
                     size_t length);

/* Bytes of the arena: tensor memory and scratch. The same on every machine. */
size_t spkl_graded_arena_size(const struct spkl_graded_model *model);

/* Take an arena [size] aligned to 8 into use; variables begin with their
 * initial bytes. Returns 0 or SPKL_ERR_ARENA. */
int spkl_graded_start(struct spkl_graded *net,
                      const struct spkl_graded_model *model, void *arena,
                      size_t size);

/* Where to write an input, or read an output. Returns 0 or
 * SPKL_ERR_ARGUMENT. Outputs are valid from the end of an inference until the
 * next one begins; inputs are to be written before each one. */
int spkl_graded_input(const struct spkl_graded *net, unsigned port,
                      struct spkl_tensor *tensor);
int spkl_graded_output(const struct spkl_graded *net, unsigned port,
                       struct spkl_tensor *tensor);

/* Any tensor, for tests: what a layer wrote is there right after it. */
int spkl_graded_tensor(const struct spkl_graded *net, unsigned index,
                       struct spkl_tensor *tensor);

/* Begin an inference if none is going on, and do at most n layers of it.
 * Returns 0 when it is done, SPKL_MORE when layers are left. */
int spkl_graded_run(struct spkl_graded *net, uint32_t n);

/* A whole inference. */
void spkl_graded_infer(struct spkl_graded *net);

/* Variables begin anew; an inference that is going on is dropped. */
void spkl_graded_reset(struct spkl_graded *net);

#ifdef __cplusplus
}
#endif
#endif
