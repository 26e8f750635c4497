/* Four codes in the bytes of each of eight sums (docs/explanation/kernels.md,
 * 3): little-endian cores. */
#include "spkl_compiler.h"
#include "spkl_kernels.h"

enum { CODES = 32 };

#define BYTES 0x01010101u

/* Byte b of s[j] is the sum of code 8 b + j. */
static void store(int32_t *acc, const uint32_t s[8], size_t n, int32_t n_rows)
{
    for (size_t i = 0; i < n && i < CODES; i++) {
        acc[i] += 2 * (int32_t)(s[i % 8] >> (i & ~(size_t)7) & 0xFFu) - n_rows;
    }
}

/* No overflow: a byte's sum is at most 255. */
void spkl_add_rows_u1_s32(int32_t *acc, const uint8_t **rows, size_t n_rows,
                          size_t n)
{
    for (size_t i = 0; i < n; i += CODES) {
        uint32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        uint32_t s4 = 0, s5 = 0, s6 = 0, s7 = 0;

        for (size_t row = 0; row < n_rows; row++) {
            const uint8_t *from = rows[row] + i / 8;
            uint32_t w = ((const struct spkl_word *)(const void *)from)->word;

            s0 += w & BYTES;
            s1 += w >> 1 & BYTES;
            s2 += w >> 2 & BYTES;
            s3 += w >> 3 & BYTES;
            s4 += w >> 4 & BYTES;
            s5 += w >> 5 & BYTES;
            s6 += w >> 6 & BYTES;
            s7 += w >> 7 & BYTES;
        }
        store(acc + i, (const uint32_t[8]){s0, s1, s2, s3, s4, s5, s6, s7},
              n - i, (int32_t)n_rows);
    }
}
