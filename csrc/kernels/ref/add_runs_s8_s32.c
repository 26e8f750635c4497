#include "spkl_kernels.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3). */
void spkl_add_runs_s8_s32(int32_t *acc, const int8_t *row,
                          const struct spkl_runs *runs)
{
    for (uint32_t k = 0; k < runs->n_runs; k++) {
        for (uint32_t i = 0; i < runs->n; i++) {
            acc[i] += row[i];
        }
        acc += runs->acc_step;
        row += runs->row_step;
    }
}
