/* The table of all kinds of layers of graded networks. */
#include "spkl_layers.h"

const struct spkl_layer_kernel spkl_layers[SPKL_N_LAYER_KINDS] = {
#define SPKL_LAYER(kind, function, inputs, words)                              \
    SPKL_LAYER_ENTRY(kind, function, inputs, words),
#include "spkl_layers.def"
#undef SPKL_LAYER
};
