#include "spkl_kernels.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3). */
void spkl_add_graded_u8_s32(int32_t *acc, const uint8_t *weights, size_t n,
                            const uint16_t *neurons, const int16_t *values,
                            size_t n_events)
{
    for (size_t k = 0; k < n_events; k++) {
        const uint8_t *row = weights + neurons[k] * n;
        int32_t value = values[k];

        for (size_t i = 0; i < n; i++) {
            acc[i] += value * (row[i] - 128);
        }
    }
}
