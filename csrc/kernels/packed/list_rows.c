/* Four at a time. */
#include "spkl_kernels.h"

void spkl_list_rows(const uint8_t **rows, const uint16_t *neurons, size_t n,
                    const uint8_t *weights, size_t stride)
{
    for (; n >= 4; n -= 4, rows += 4, neurons += 4) {
        rows[0] = weights + neurons[0] * stride;
        rows[1] = weights + neurons[1] * stride;
        rows[2] = weights + neurons[2] * stride;
        rows[3] = weights + neurons[3] * stride;
    }
    for (; n > 0; n--) {
        *rows++ = weights + *neurons++ * stride;
    }
}
