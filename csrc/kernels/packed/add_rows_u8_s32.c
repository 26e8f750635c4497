/* Two 16-bit sums in each word (docs/explanation/kernels.md, 2): little-endian
 * cores without a vector unit. */
#include "spkl_kernels.h"

#if defined(__GNUC__)
typedef uint32_t __attribute__((may_alias)) word;
#else
typedef uint32_t word;
#endif

#define BLOCK 4u
#define ODD 0x00FF00FFu

/* all: sum of the words; odd: sums of bytes 1 and 3. No overflow: a byte's sum
 * is at most 255 * 255; carries between the bytes of `all` are taken back by
 * the subtraction. */
static void widen(int32_t *acc, uint32_t all, uint32_t odd, int32_t offset)
{
    uint32_t even = all - (odd << 8);

    acc[0] += (int32_t)(even & 0xFFFFu) - offset;
    acc[1] += (int32_t)(odd & 0xFFFFu) - offset;
    acc[2] += (int32_t)(even >> 16) - offset;
    acc[3] += (int32_t)(odd >> 16) - offset;
}

static void add_block(int32_t *acc, const uint8_t **rows, size_t n_rows,
                      int32_t offset)
{
    uint32_t all0 = 0, all1 = 0, all2 = 0, all3 = 0;
    uint32_t odd0 = 0, odd1 = 0, odd2 = 0, odd3 = 0;

    for (const uint8_t **end = rows + n_rows; rows != end; rows++) {
        const word *w = (const word *)(const void *)*rows;

        all0 += w[0];
        odd0 += w[0] >> 8 & ODD;
        all1 += w[1];
        odd1 += w[1] >> 8 & ODD;
        all2 += w[2];
        odd2 += w[2] >> 8 & ODD;
        all3 += w[3];
        odd3 += w[3] >> 8 & ODD;
        *rows = (const uint8_t *)(const void *)(w + BLOCK);
    }
    widen(acc, all0, odd0, offset);
    widen(acc + 4, all1, odd1, offset);
    widen(acc + 8, all2, odd2, offset);
    widen(acc + 12, all3, odd3, offset);
}

static void add_word(int32_t *acc, const uint8_t **rows, size_t n_rows,
                     int32_t offset)
{
    uint32_t all = 0, odd = 0;

    for (const uint8_t **end = rows + n_rows; rows != end; rows++) {
        uint32_t w = *(const word *)(const void *)*rows;

        all += w;
        odd += w >> 8 & ODD;
        *rows += 4;
    }
    widen(acc, all, odd, offset);
}

void spkl_add_rows_u8_s32(int32_t *acc, const uint8_t **rows, size_t n_rows,
                          size_t n)
{
    int32_t offset = (int32_t)n_rows * 128;

    for (; n >= 4 * BLOCK; n -= 4 * BLOCK) {
        add_block(acc, rows, n_rows, offset);
        acc += 4 * BLOCK;
    }
    for (; n > 0; n -= 4) {
        add_word(acc, rows, n_rows, offset);
        acc += 4;
    }
}
