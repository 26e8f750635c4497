#include "spkl_kernels.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3). */
void spkl_add_runs_s8_s32(int32_t *acc, const int8_t *row,
                          const struct spkl_runs *runs)
{
    for (int32_t k = 0; k < (int32_t)runs->n_runs; k++) {
        int32_t *to = acc + k * runs->acc_step;
        const int8_t *from = row + k * runs->row_step;

        for (uint32_t i = 0; i < runs->n; i++) {
            to[i] += from[i];
        }
    }
}
