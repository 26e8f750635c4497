/*
 * Fixed-point numbers: semantics 1. Right shifts of negative numbers are
 * arithmetic in every compiler that spikelet is built with; a test checks.
 */
#ifndef SPKL_FIXED_H
#define SPKL_FIXED_H

#include <stdint.h>

#include "spkl_image.h"
#include "spkl_lif_flags.h"

/* Semantics 1.1. */
static inline int32_t spkl_clamp(int64_t x)
{
    if (x > SPKL_V_MAX) {
        return SPKL_V_MAX;
    }
    return x < -SPKL_V_MAX ? -SPKL_V_MAX : (int32_t)x;
}

/* Semantics 1.4: what stays of x, |x| <= V_MAX, with a factor of 0 to
 * 2^shift; rounding is that of the flags. */
static inline int32_t spkl_decay(int32_t x, int32_t factor, uint32_t flags)
{
    unsigned shift = flags & SPKL_LIF_SHIFT12 ? 12 : 16;
    int64_t product = (int64_t)x * factor;

    switch (flags & SPKL_LIF_ROUNDING) {
    case SPKL_LIF_ROUND_ZERO:
        return (int32_t)(x < 0 ? -(-product >> shift) : product >> shift);
    case SPKL_LIF_ROUND_NEAREST:
        return (int32_t)((product + (INT64_C(1) << (shift - 1))) >> shift);
    default:
        return (int32_t)(product >> shift);
    }
}

#endif
