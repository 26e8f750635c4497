#include "spkl_code.h"
#include "spkl_kernels.h"

void spkl_add_rows_u2_s32(int32_t *acc, const uint8_t **rows, size_t n_rows,
                          size_t n)
{
    for (size_t row = 0; row < n_rows; row++) {
        for (uint32_t i = 0; i < n; i++) {
            acc[i] += spkl_weight(2, spkl_code(rows[row], 2, i));
        }
    }
}
