#include "spkl_kernels.h"

void spkl_add_row_scaled_u8_s32(int32_t *acc, const uint8_t *row, int32_t value,
                                size_t n)
{
    for (size_t i = 0; i < n; i++) {
        acc[i] += value * (row[i] - 128);
    }
}
