#include "spkl_kernels.h"

void spkl_list_rows(const uint8_t **rows, const uint16_t *neurons, size_t n,
                    const uint8_t *weights, size_t stride)
{
    for (; n > 0; n--) {
        *rows++ = weights + *neurons++ * stride;
    }
}
