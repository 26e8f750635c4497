/*
 * What a graded network calls through a table, so that a firmware links only
 * the kinds of layers which its model has. The table is a constant named
 * spkl_layers; the full one is csrc/kernels/all_layers.c, a model's own one is
 * written by `spikelet build`. NULL: not linked; spkl_graded_open then refuses
 * an image that needs it.
 *
 * csrc/kernels/ref/ defines every result; a file of the same name in another
 * set gives the same bits.
 */
#ifndef SPKL_LAYERS_H
#define SPKL_LAYERS_H

#include <stdbool.h>
#include <stddef.h>

#include "spkl_graded_image.h"

/* A layer with all that its function needs, resolved from the image. */
struct spkl_layer {
    const void *in[2];
    void *out;
    uint32_t in_size[2]; /* elements */
    uint32_t out_size;
    uint8_t in_type[2]; /* bytes of an element */
    uint8_t out_type;
    const void *parameters;
    const void *table;
    const uint8_t *weights;
    uint32_t weights_length;
    void *scratch; /* aligned to 8, as many bytes as check asked for */
};

/* Run a layer. Cannot fail. */
typedef void spkl_layer_run_fn(const struct spkl_layer *layer);

/*
 * Check a layer's parameters against its tensors, table and weights: 4.8. Of a
 * layer in an image that is being opened `in` and `out` are NULL.
 *
 *   table_length  in   bytes of DATA behind the table's begin
 *   scratch       out  bytes of scratch that run needs; 0 before
 *
 * Returns whether the layer is right.
 */
typedef bool spkl_layer_check_fn(const struct spkl_layer *layer,
                                 uint32_t table_length, uint32_t *scratch);

struct spkl_layer_kernel {
    spkl_layer_check_fn *check;
    spkl_layer_run_fn *run;
    uint8_t n_inputs;
    uint8_t n_parameters; /* int32 each */
};

/* By kind; [0] is empty. */
extern const struct spkl_layer_kernel spkl_layers[SPKL_N_LAYER_KINDS];

#define SPKL_LAYER(kind, function, inputs, words)                              \
    spkl_layer_check_fn spkl_check_##function;                                 \
    spkl_layer_run_fn spkl_run_##function;
#include "spkl_layers.def"
#undef SPKL_LAYER

/* Words of a kind's parameters. */
#define SPKL_WORDS(kind) (sizeof(struct spkl_##kind##_parameters) / 4)

/* A kind's entry of the table, from its line in spkl_layers.def. */
#define SPKL_LAYER_ENTRY(kind, function, inputs, words)                        \
    [SPKL_LAYER_##kind] = {spkl_check_##function, spkl_run_##function, inputs, \
                           words}

#endif
