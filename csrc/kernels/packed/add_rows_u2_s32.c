/* Four codes in the bytes of each of four sums (docs/explanation/kernels.md,
 * 3): little-endian cores. */
#include "spkl_compiler.h"
#include "spkl_kernels.h"

enum { CODES = 16, MOST = 85, ZERO = 2 };

#define BYTES 0x03030303u

/* Byte b of s[j] is the sum of code 4 b + j. */
static void store(int32_t *acc, const uint32_t s[4], size_t n, int32_t offset)
{
    for (size_t i = 0; i < n && i < CODES; i++) {
        acc[i] += (int32_t)(s[i % 4] >> 2 * (i & ~(size_t)3) & 0xFFu) - offset;
    }
}

/* No overflow: a byte's sum is at most 85 * 3. */
void spkl_add_rows_u2_s32(int32_t *acc, const uint8_t **rows, size_t n_rows,
                          size_t n)
{
    for (size_t i = 0; i < n; i += CODES) {
        for (size_t row = 0; row < n_rows;) {
            size_t first = row;
            size_t end = n_rows - row > MOST ? row + MOST : n_rows;
            uint32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;

            for (; row < end; row++) {
                const uint8_t *from = rows[row] + i / 4;
                uint32_t w =
                    ((const struct spkl_word *)(const void *)from)->word;

                s0 += w & BYTES;
                s1 += w >> 2 & BYTES;
                s2 += w >> 4 & BYTES;
                s3 += w >> 6 & BYTES;
            }
            store(acc + i, (const uint32_t[4]){s0, s1, s2, s3}, n - i,
                  (int32_t)(end - first) * ZERO);
        }
    }
}
