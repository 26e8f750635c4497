/* Four codes in the bytes of each word, and four in what is left of them
 * (docs/explanation/kernels.md, 3): little-endian cores. */
#include "spkl_compiler.h"
#include "spkl_kernels.h"

enum { CODES = 8, MOST = 17, ZERO = 8 };

#define BYTES 0x0F0F0F0Fu
#define HALVES 0x00FF00FFu

/* Sums of codes: in each word two, of code 0 and 4 and so on. */
struct sums {
    uint32_t c0, c1, c2, c3;
};

/* all: sum of the words; odd: of codes 1, 3, 5, 7 in bytes. No overflow: a
 * byte's sum is at most 17 * 15, and `all` is needed modulo 2^32. */
static inline void widen(struct sums *s, uint32_t all, uint32_t odd)
{
    uint32_t even = all - (odd << 4);

    s->c0 += even & HALVES;
    s->c1 += odd & HALVES;
    s->c2 += even >> 8 & HALVES;
    s->c3 += odd >> 8 & HALVES;
}

static void store(int32_t *acc, const struct sums *s, size_t n, int32_t offset)
{
    const int32_t sums[CODES] = {
        (int32_t)(s->c0 & 0xFFFFu), (int32_t)(s->c1 & 0xFFFFu),
        (int32_t)(s->c2 & 0xFFFFu), (int32_t)(s->c3 & 0xFFFFu),
        (int32_t)(s->c0 >> 16),     (int32_t)(s->c1 >> 16),
        (int32_t)(s->c2 >> 16),     (int32_t)(s->c3 >> 16)};

    for (size_t i = 0; i < n && i < CODES; i++) {
        acc[i] += sums[i] - offset;
    }
}

void spkl_add_rows_u4_s32(int32_t *acc, const uint8_t **rows, size_t n_rows,
                          size_t n)
{
    int32_t offset = (int32_t)n_rows * ZERO;

    /* Two words a pass; the second may lie behind the row's last one, then it
     * is the first again. */
    for (size_t i = 0; i < n; i += 2 * CODES) {
        size_t at = i / 2;
        size_t next = n - i > CODES ? at + 4 : at;
        struct sums s0 = {0, 0, 0, 0}, s1 = {0, 0, 0, 0};

        for (size_t row = 0; row < n_rows;) {
            size_t end = n_rows - row > MOST ? row + MOST : n_rows;
            uint32_t all0 = 0, odd0 = 0, all1 = 0, odd1 = 0;

            for (; row < end; row++) {
                const uint8_t *from = rows[row];
                uint32_t w0 =
                    ((const struct spkl_word *)(const void *)(from + at))->word;
                uint32_t w1 =
                    ((const struct spkl_word *)(const void *)(from + next))
                        ->word;

                all0 += w0;
                odd0 += w0 >> 4 & BYTES;
                all1 += w1;
                odd1 += w1 >> 4 & BYTES;
            }
            widen(&s0, all0, odd0);
            widen(&s1, all1, odd1);
        }
        store(acc + i, &s0, n - i, offset);
        if (next != at) {
            store(acc + i + CODES, &s1, n - i - CODES, offset);
        }
    }
}
