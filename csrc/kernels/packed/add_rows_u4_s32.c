/* Four codes in the bytes of each word, and four in what is left of them
 * (docs/explanation/kernels.md, 6): little-endian cores. */
#include "spkl_compiler.h"
#include "spkl_kernels.h"

enum { CODES = 8, MOST = 17, ZERO = 8 };

#define BYTES 0x0F0F0F0Fu
#define HALVES 0x00FF00FFu

/* Sums of codes, two in each word: of the codes 0 and 4, 1 and 5, 2 and 6, 3
 * and 7. */
struct sums {
    uint32_t c04, c15, c26, c37;
};

static inline uint32_t word_at(const uint8_t *row)
{
    return ((const struct spkl_word *)(const void *)row)->word;
}

/* even: sums of codes 0, 2, 4, 6 in bytes; high: sum of the words without code
 * 0, 4 bits down. No overflow: a byte's sum is at most 17 * 15, and `high` is
 * needed modulo 2^32. */
static void widen(struct sums *s, uint32_t even, uint32_t high)
{
    uint32_t odd = high - (even >> 8 << 4);

    s->c04 += even & HALVES;
    s->c15 += odd & HALVES;
    s->c26 += even >> 8 & HALVES;
    s->c37 += odd >> 8 & HALVES;
}

/* Add four words of 1 to 17 rows, and move their pointers on. */
static SPKL_NOINLINE void add_four(struct sums *s, const uint8_t **rows,
                                   const uint8_t **end)
{
    uint32_t even0 = 0, even1 = 0, even2 = 0, even3 = 0;
    uint32_t high0 = 0, high1 = 0, high2 = 0, high3 = 0;

    do {
        const uint8_t *row = *rows;
        uint32_t w = word_at(row);

        even0 += w & BYTES;

        high0 += w >> 4;
        w = word_at(row + 4);
        even1 += w & BYTES;
        high1 += w >> 4;
        w = word_at(row + 8);
        even2 += w & BYTES;
        high2 += w >> 4;
        w = word_at(row + 12);
        even3 += w & BYTES;
        high3 += w >> 4;
        *rows++ = row + 16;
    } while (rows != end);
    widen(&s[0], even0, high0);
    widen(&s[1], even1, high1);
    widen(&s[2], even2, high2);
    widen(&s[3], even3, high3);
}

/* The same with one word. */
static SPKL_NOINLINE void add_one(struct sums *s, const uint8_t **rows,
                                  const uint8_t **end)
{
    uint32_t even = 0, high = 0;

    do {
        uint32_t w = word_at(*rows);

        even += w & BYTES;

        high += w >> 4;
        *rows++ += 4;
    } while (rows != end);
    widen(s, even, high);
}

/* Add the two numbers of a word to targets that are four apart. */
static inline void add_halves(int32_t *acc, uint32_t sums, int32_t offset)
{
    acc[0] += (int32_t)(sums & 0xFFFFu) - offset;
    acc[4] += (int32_t)(sums >> 16) - offset;
}

static void store(int32_t *acc, const struct sums *s, size_t n, int32_t offset)
{
    const uint32_t sums[4] = {s->c04, s->c15, s->c26, s->c37};

    if (n >= CODES) {
        add_halves(acc, s->c04, offset);
        add_halves(acc + 1, s->c15, offset);
        add_halves(acc + 2, s->c26, offset);
        add_halves(acc + 3, s->c37, offset);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        acc[i] += (int32_t)(sums[i % 4] >> 4 * (i & 4) & 0xFFFFu) - offset;
    }
}

void spkl_add_rows_u4_s32(int32_t *acc, const uint8_t **rows, size_t n_rows,
                          size_t n)
{
    int32_t offset = (int32_t)n_rows * ZERO;
    const uint8_t **end = rows + n_rows;

    while (n > 0) {
        size_t words = n >= 4 * CODES ? 4 : 1;
        struct sums s[4];

        for (size_t i = 0; i < words; i++) {
            s[i].c04 = s[i].c15 = s[i].c26 = s[i].c37 = 0;
        }
        for (const uint8_t **from = rows; from != end;) {
            const uint8_t **to = end - from > MOST ? from + MOST : end;

            if (words == 4) {
                add_four(s, from, to);
            } else {
                add_one(s, from, to);
            }
            from = to;
        }
        for (size_t i = 0; i < words && n > 0; i++) {
            store(acc, &s[i], n, offset);
            acc += CODES;
            n = n > CODES ? n - CODES : 0;
        }
    }
}
