/* Four codes in the bytes of each of eight sums (docs/explanation/kernels.md,
 * 6): little-endian cores. */
#include "spkl_compiler.h"
#include "spkl_kernels.h"

enum { CODES = 32 };

#define BYTES 0x01010101u

/* Add the four bytes of a sum to every eighth target. */
static inline void add_bytes(int32_t *acc, uint32_t sum, int32_t n_rows)
{
    acc[0] += 2 * (int32_t)(sum & 0xFFu) - n_rows;
    acc[8] += 2 * (int32_t)(sum >> 8 & 0xFFu) - n_rows;
    acc[16] += 2 * (int32_t)(sum >> 16 & 0xFFu) - n_rows;
    acc[24] += 2 * (int32_t)(sum >> 24) - n_rows;
}

/* Byte b of s[j] is the sum of code 8 b + j. */
static void store(int32_t *acc, const uint32_t s[8], size_t n, int32_t n_rows)
{
    if (n >= CODES) {
        for (size_t j = 0; j < 8; j++) {
            add_bytes(acc + j, s[j], n_rows);
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        acc[i] += 2 * (int32_t)(s[i % 8] >> (i & ~(size_t)7) & 0xFFu) - n_rows;
    }
}

/* The codes j, j + 1, j + 2, j + 3 of each byte. No overflow: a byte's sum is
 * at most 255. */
static SPKL_NOINLINE void add_half(uint32_t s[4], const uint8_t **rows,
                                   const uint8_t **end, size_t at, unsigned j)
{
    uint32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;

    for (; rows != end; rows++) {
        const void *row = *rows + at;
        uint32_t w = ((const struct spkl_word *)row)->word >> j;

        s0 += w & BYTES;
        s1 += w >> 1 & BYTES;
        s2 += w >> 2 & BYTES;
        s3 += w >> 3 & BYTES;
    }
    s[0] = s0;
    s[1] = s1;
    s[2] = s2;
    s[3] = s3;
}

void spkl_add_rows_u1_s32(int32_t *acc, const uint8_t **rows, size_t n_rows,
                          size_t n)
{
    const uint8_t **end = rows + n_rows;
    uint32_t s[8];

    for (size_t i = 0; i < n; i += CODES) {
        add_half(s, rows, end, i / 8, 0);
        add_half(s + 4, rows, end, i / 8, 4);
        store(acc + i, s, n - i, (int32_t)n_rows);
    }
}
