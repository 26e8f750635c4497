/* Four codes in the bytes of each of four sums (docs/explanation/kernels.md,
 * 6): little-endian cores. */
#include "spkl_compiler.h"
#include "spkl_kernels.h"

enum { CODES = 16, MOST = 85, ZERO = 2 };

#define BYTES 0x03030303u

/* Add the four bytes of a sum to every fourth target. */
static inline void add_bytes(int32_t *acc, uint32_t sum, int32_t offset)
{
    acc[0] += (int32_t)(sum & 0xFFu) - offset;
    acc[4] += (int32_t)(sum >> 8 & 0xFFu) - offset;
    acc[8] += (int32_t)(sum >> 16 & 0xFFu) - offset;
    acc[12] += (int32_t)(sum >> 24) - offset;
}

/* Byte b of s[j] is the sum of code 4 b + j. */
static void store(int32_t *acc, const uint32_t s[4], size_t n, int32_t offset)
{
    if (n >= CODES) {
        add_bytes(acc, s[0], offset);
        add_bytes(acc + 1, s[1], offset);
        add_bytes(acc + 2, s[2], offset);
        add_bytes(acc + 3, s[3], offset);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        acc[i] += (int32_t)(s[i % 4] >> 2 * (i & ~(size_t)3) & 0xFFu) - offset;
    }
}

/* No overflow: a byte's sum is at most 85 * 3. */
static SPKL_NOINLINE void add_some(uint32_t s[4], const uint8_t **rows,
                                   const uint8_t **end, size_t at)
{
    uint32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;

    do {
        const void *row = *rows++ + at;
        uint32_t w = ((const struct spkl_word *)row)->word;

        s0 += w & BYTES;
        s1 += w >> 2 & BYTES;
        s2 += w >> 4 & BYTES;
        s3 += w >> 6 & BYTES;
    } while (rows != end);
    s[0] = s0;
    s[1] = s1;
    s[2] = s2;
    s[3] = s3;
}

void spkl_add_rows_u2_s32(int32_t *acc, const uint8_t **rows, size_t n_rows,
                          size_t n)
{
    const uint8_t **end = rows + n_rows;
    uint32_t s[4];

    for (size_t i = 0; i < n; i += CODES) {
        for (const uint8_t **from = rows; from != end;) {
            const uint8_t **to = end - from > MOST ? from + MOST : end;

            add_some(s, from, to, i / 4);
            store(acc + i, s, n - i, (int32_t)(to - from) * ZERO);
            from = to;
        }
    }
}
