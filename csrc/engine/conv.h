#ifndef SPKL_CONV_H
#define SPKL_CONV_H

#include "parts.h"

/* One direction of a convolution. An event at y (behind the pool) has the taps
 * k with o stride = y + pad - k dilation for an o from 0 to end - 1. */
struct spkl_axis {
    struct spkl_divisor stride;
    int32_t pad;
    int32_t end; /* of the target */
    uint32_t kernel;
    uint32_t dilation;
    uint32_t each;  /* kernel / stride, rounded down, and its rest: how many */
    uint32_t rest;  /* taps begin with the same o */
    int32_t target; /* distance of targets whose o differ by 1 */
};

struct spkl_conv {
    struct spkl_map map;
    struct spkl_axis y;
    struct spkl_axis x;
    struct spkl_divisor group_in; /* channels of a group */
    uint32_t group_out;
    int32_t channel; /* distance of targets whose channels differ by 1 */
    uint32_t layout;
    uint32_t *touched; /* of the target's blocks, or &nothing */
    uint32_t shift;
    uint32_t nothing;
};

/* conv.c */
spkl_deliver_fn spkl_deliver_conv;
/* Layout 4, no groups, dilation 1, no planar target. */
spkl_deliver_fn spkl_deliver_conv_runs;

#endif
