/* What checks of layers have in common: docs/reference/graded.md 4.8. */
#ifndef SPKL_CHECKS_H
#define SPKL_CHECKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spkl_layers.h"

static inline bool spkl_is_between(int32_t x, int32_t low, int32_t high)
{
    return low <= x && x <= high;
}

/* Heights, widths, channels, rows. */
static inline bool spkl_is_size(int32_t x)
{
    return spkl_is_between(x, 1, 65535);
}

/* Kernels, strides, dilations. */
static inline bool spkl_is_small(int32_t x)
{
    return spkl_is_between(x, 1, 255);
}

/* Whether elements of `type` bytes can be x. */
static inline bool spkl_is_in_type(int32_t x, uint32_t type)
{
    int32_t most = INT32_MAX >> (32 - 8 * type);

    return spkl_is_between(x, -most - 1, most);
}

static inline bool spkl_is_requantisation(int32_t multiplier, int32_t shift)
{
    return multiplier >= 0 && spkl_is_between(shift, -31, 30);
}

/* The range of an output of `type` bytes an element. */
static inline bool spkl_is_clamp(int32_t low, int32_t high, uint32_t type)
{
    return low <= high && spkl_is_in_type(low, type) &&
           spkl_is_in_type(high, type);
}

/* Whether `size` elements are a b c, each a size. */
static inline bool spkl_is_product(uint32_t size, int32_t a, int32_t b,
                                   int32_t c)
{
    return (uint64_t)(uint32_t)a * (uint32_t)b <= size &&
           (uint64_t)((uint32_t)a * (uint32_t)b) * (uint32_t)c == size;
}

/* Whether bytes from `at` on up to `end` are zeros. */
static inline bool spkl_are_zeros(const uint8_t *bytes, uint32_t at,
                                  uint32_t end)
{
    for (; at < end; at++) {
        if (bytes[at] != 0) {
            return false;
        }
    }
    return true;
}

/* Whether a layer's weights are n bytes, padded with zeros to a multiple of
 * 4. */
static inline bool spkl_has_weights(const struct spkl_layer *layer, uint64_t n)
{
    return layer->weights != NULL &&
           ((n + 3) & ~UINT64_C(3)) == layer->weights_length &&
           spkl_are_zeros(layer->weights, (uint32_t)n, layer->weights_length);
}

/* Whether a layer has no arrays but its parameters. */
static inline bool spkl_has_no_arrays(const struct spkl_layer *layer)
{
    return layer->table == NULL && layer->weights == NULL;
}

/* Whether all elements of a layer with one input have `type` bytes. */
static inline bool spkl_is_of_type(const struct spkl_layer *layer,
                                   uint32_t type)
{
    return layer->in_type[0] == type && layer->out_type == type;
}

#endif
