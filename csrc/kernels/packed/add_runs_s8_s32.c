/* Four bytes a pass. */
#include "spkl_kernels.h"

static void add_run(int32_t *acc, const int8_t *row, size_t n)
{
    for (; n >= 4; n -= 4, acc += 4, row += 4) {
        acc[0] += row[0];
        acc[1] += row[1];
        acc[2] += row[2];
        acc[3] += row[3];
    }
    for (; n > 0; n--) {
        *acc++ += *row++;
    }
}

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3). */
void spkl_add_runs_s8_s32(int32_t *acc, const int8_t *row,
                          const struct spkl_runs *runs)
{
    for (uint32_t left = runs->n_runs;;) {
        add_run(acc, row, runs->n);
        if (--left == 0) {
            return;
        }
        acc += runs->acc_step;
        row += runs->row_step;
    }
}
