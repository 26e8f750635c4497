/* Sums of 16 bits: spkl_add_pixel_s8_s16. */
#ifndef SPKL_PIXEL_H
#define SPKL_PIXEL_H

#include <stddef.h>

/* Where the sum of a target is. */
static inline size_t spkl_pixel_place(size_t target)
{
    return (target & ~(size_t)3) | (target & 1) << 1 | (target >> 1 & 1);
}

#endif
