/* Elements of any type, one at a time: for layers that are seldom. */
#ifndef SPKL_ELEMENTS_H
#define SPKL_ELEMENTS_H

#include <stdint.h>

#include "spkl_graded_image.h"

static inline int32_t spkl_element(const void *from, uint32_t type, size_t i)
{
    if (type == SPKL_TENSOR_INT8) {
        return ((const int8_t *)from)[i];
    }
    return type == SPKL_TENSOR_INT16 ? ((const int16_t *)from)[i]
                                     : ((const int32_t *)from)[i];
}

/* x is in the type's range. */
static inline void spkl_set_element(void *to, uint32_t type, size_t i,
                                    int32_t x)
{
    if (type == SPKL_TENSOR_INT8) {
        ((int8_t *)to)[i] = (int8_t)x;
    } else if (type == SPKL_TENSOR_INT16) {
        ((int16_t *)to)[i] = (int16_t)x;
    } else {
        ((int32_t *)to)[i] = x;
    }
}

#endif
