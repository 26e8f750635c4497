/* Hosts: 16-bit sums in vectors of SSE2, else in 64-bit words, little-endian
 * (docs/explanation/kernels.md, 2). */
#include <string.h>

#include "spkl_kernels.h"

#if defined(__SSE2__)
#include <emmintrin.h>

#define LANES 16u

typedef __m128i word;

static word load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static word zero(void)
{
    return _mm_setzero_si128();
}

static word add(word a, word b)
{
    return _mm_add_epi16(a, b);
}

static word odd_bytes(word w)
{
    return _mm_srli_epi16(w, 8);
}

/* all: sums of 16-bit pieces; odd: sums of their upper bytes. No overflow: a
 * byte's sum is at most 255 * 255, and `all` is needed modulo 2^16. */
static void widen(int32_t *acc, word all, word odd, int32_t offset)
{
    const word nil = _mm_setzero_si128();
    const word minus = _mm_set1_epi32(-offset);
    word even = _mm_sub_epi16(all, _mm_slli_epi16(odd, 8));
    word low = _mm_unpacklo_epi16(even, odd);
    word high = _mm_unpackhi_epi16(even, odd);
    word sums[4];

    sums[0] = _mm_unpacklo_epi16(low, nil);
    sums[1] = _mm_unpackhi_epi16(low, nil);
    sums[2] = _mm_unpacklo_epi16(high, nil);
    sums[3] = _mm_unpackhi_epi16(high, nil);
    for (size_t i = 0; i < 4; i++) {
        __m128i *to = (__m128i *)(void *)(acc + 4 * i);
        word sum = _mm_add_epi32(sums[i], minus);

        _mm_storeu_si128(to, _mm_add_epi32(_mm_loadu_si128(to), sum));
    }
}
#else
#define LANES 8u
#define ODD 0x00FF00FF00FF00FFu

typedef uint64_t word;

static word load(const uint8_t *p)
{
    word w;

    memcpy(&w, p, sizeof w);
    return w;
}

static word zero(void)
{
    return 0;
}

static word add(word a, word b)
{
    return a + b;
}

static word odd_bytes(word w)
{
    return w >> 8 & ODD;
}

/* all: sums of words; odd: sums of bytes 1, 3, 5, 7. No overflow: a byte's sum
 * is at most 255 * 255; carries inside `all` are taken back. */
static void widen(int32_t *acc, word all, word odd, int32_t offset)
{
    word even = all - (odd << 8);

    for (size_t i = 0; i < LANES; i += 2) {
        acc[i] += (int32_t)(even >> 8 * i & 0xFFFFu) - offset;
        acc[i + 1] += (int32_t)(odd >> 8 * i & 0xFFFFu) - offset;
    }
}
#endif

#define BLOCK (4 * LANES)

static void add_block(int32_t *acc, uint8_t const *const *rows, size_t n_rows,
                      size_t at)
{
    int32_t offset = (int32_t)n_rows * 128;
    word all0 = zero(), all1 = zero(), all2 = zero(), all3 = zero();
    word odd0 = zero(), odd1 = zero(), odd2 = zero(), odd3 = zero();

    for (size_t j = 0; j < n_rows; j++) {
        const uint8_t *row = rows[j] + at;
        word w0 = load(row), w1 = load(row + LANES);
        word w2 = load(row + 2 * LANES), w3 = load(row + 3 * LANES);

        all0 = add(all0, w0);
        odd0 = add(odd0, odd_bytes(w0));
        all1 = add(all1, w1);
        odd1 = add(odd1, odd_bytes(w1));
        all2 = add(all2, w2);
        odd2 = add(odd2, odd_bytes(w2));
        all3 = add(all3, w3);
        odd3 = add(odd3, odd_bytes(w3));
    }
    widen(acc + at, all0, odd0, offset);
    widen(acc + at + LANES, all1, odd1, offset);
    widen(acc + at + 2 * LANES, all2, odd2, offset);
    widen(acc + at + 3 * LANES, all3, odd3, offset);
}

static void add_one(int32_t *acc, uint8_t const *const *rows, size_t n_rows,
                    size_t at)
{
    word all = zero();
    word odd = zero();

    for (size_t j = 0; j < n_rows; j++) {
        word w = load(rows[j] + at);

        all = add(all, w);
        odd = add(odd, odd_bytes(w));
    }
    widen(acc + at, all, odd, (int32_t)n_rows * 128);
}

static void add_four(int32_t *acc, uint8_t const *const *rows, size_t n_rows,
                     size_t at)
{
    uint32_t all = 0;
    uint32_t odd = 0;
    int32_t offset = (int32_t)n_rows * 128;

    for (size_t j = 0; j < n_rows; j++) {
        uint32_t w;

        memcpy(&w, rows[j] + at, sizeof w);
        all += w;
        odd += w >> 8 & 0x00FF00FFu;
    }
    all -= odd << 8;
    acc[at] += (int32_t)(all & 0xFFFFu) - offset;
    acc[at + 1] += (int32_t)(odd & 0xFFFFu) - offset;
    acc[at + 2] += (int32_t)(all >> 16) - offset;
    acc[at + 3] += (int32_t)(odd >> 16) - offset;
}

void spkl_add_rows_u8_s32(int32_t *acc, const uint8_t **rows, size_t n_rows,
                          size_t n)
{
    uint8_t const *const *list = (uint8_t const *const *)rows;
    size_t at = 0;

    for (; n - at >= BLOCK; at += BLOCK) {
        add_block(acc, list, n_rows, at);
    }
    for (; n - at >= LANES; at += LANES) {
        add_one(acc, list, n_rows, at);
    }
    for (; at < n; at += 4) {
        add_four(acc, list, n_rows, at);
    }
}
