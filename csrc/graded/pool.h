/* What average pool and max pool have in common. */
#ifndef SPKL_POOL_H
#define SPKL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spkl_layers.h"

/* The taps of an output pixel that lie inside the map; whole rows of a map are
 * one row. */
struct spkl_window {
    uint32_t n;
    uint32_t first; /* element: channel 0 of the first tap */
    uint32_t rows;
    uint32_t columns;
    uint32_t column; /* elements from a tap to the next */
    uint32_t row;    /* elements from a row's end to the next row's begin */
};

/* What a kind of pool makes of a channel of the taps. */
typedef int32_t spkl_pool_fn(const void *from, const struct spkl_window *taps);

bool spkl_check_pool(const struct spkl_layer *layer, uint32_t *scratch);

/* Run a pool, given what it makes of int8 and of int16. */
void spkl_run_pool(const struct spkl_layer *layer, spkl_pool_fn *s8,
                   spkl_pool_fn *s16);

#endif
