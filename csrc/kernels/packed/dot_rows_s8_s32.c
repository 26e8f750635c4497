/* Four outputs at a time; inputs that are zero are left out. */
#include "spkl_conv_s8.h"

/* Sums of the next `rows` outputs, 1 to 4, of which all are summed: others are
 * the first one again. */
static void sum_rows(uint32_t *sums, const int8_t *in, const int8_t *weights,
                     const struct spkl_dot_parameters *p, uint32_t rows)
{
    size_t row = ((size_t)p->inputs + 3) & ~(size_t)3;
    const int8_t *w0 = weights;
    const int8_t *w1 = rows > 1 ? weights + row : weights;
    const int8_t *w2 = rows > 2 ? weights + 2 * row : weights;
    const int8_t *w3 = rows > 3 ? weights + 3 * row : weights;
    uint32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    int32_t zero = p->in_zero;

    for (const int8_t *end = in + p->inputs; in != end; in++) {
        int32_t x = *in - zero;

        if (x != 0) {
            s0 += (uint32_t)(*w0 * x);
            s1 += (uint32_t)(*w1 * x);
            s2 += (uint32_t)(*w2 * x);
            s3 += (uint32_t)(*w3 * x);
        }
        w0++;
        w1++;
        w2++;
        w3++;
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

void spkl_dot_rows_s8_s32(int32_t *acc, const int8_t *in, const int8_t *weights,
                          const struct spkl_dot_parameters *p)
{
    size_t row = ((size_t)p->inputs + 3) & ~(size_t)3;
    uint32_t sums[4];

    for (uint32_t left = (uint32_t)p->outputs; left > 0;) {
        uint32_t rows = left < 4 ? left : 4;

        sum_rows(sums, in, weights, p, rows);
        for (uint32_t i = 0; i < rows; i++) {
            *acc++ = (int32_t)sums[i];
        }
        weights += rows * row;
        left -= rows;
    }
}
