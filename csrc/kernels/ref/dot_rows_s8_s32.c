/* Defines the result: graded 3. */
#include "spkl_conv_s8.h"

void spkl_dot_rows_s8_s32(int32_t *acc, const int8_t *in, const int8_t *weights,
                          const struct spkl_dot_parameters *p)
{
    size_t inputs = (size_t)p->inputs;

    for (int32_t o = 0; o < p->outputs; o++) {
        uint32_t sum = 0;

        for (size_t i = 0; i < inputs; i++) {
            sum += (uint32_t)(weights[i] * (in[i] - p->in_zero));
        }
        acc[o] = (int32_t)sum;
        weights += (inputs + 3) & ~(size_t)3;
    }
}
