/* Hosts: 16-bit sums in vectors of AVX2 or SSE2, else in 64-bit words, little-
 * endian (docs/explanation/kernels.md, 2). */
#include <string.h>

#include "spkl_kernels.h"
#include "x86.h"

/* Nothing overflows: a sum of bytes is at most 255 * 255, that of weights at
 * most 255 * 128 on either side, and `all` is needed modulo 2^16. */

#if defined(__SSE2__)
#include "sse2.inc"

INLINE __m128i zero_sse2(void)
{
    return _mm_setzero_si128();
}

INLINE __m128i add_sse2(__m128i a, __m128i b)
{
    return _mm_add_epi16(a, b);
}

INLINE __m128i odd_bytes_sse2(__m128i w)
{
    return _mm_srli_epi16(w, 8);
}

INLINE __m128i load_sse2(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

INLINE __m128i load_word_sse2(const uint8_t *p)
{
    int32_t w;

    memcpy(&w, p, sizeof w);
    return _mm_cvtsi32_si128(w);
}

/* n is 4, 8, 12 or 16. */
INLINE __m128i load_part_sse2(const uint8_t *p, size_t n)
{
    __m128i low;

    if (n == 16) {
        return load_sse2(p);
    }
    if (n == 4) {
        return load_word_sse2(p);
    }
    low = _mm_loadl_epi64((const __m128i *)(const void *)p);
    return n == 8 ? low : _mm_unpacklo_epi64(low, load_word_sse2(p + 8));
}

/* Add sums of 16 bits, each of them twice. */
INLINE void add_to_sse2(int32_t *acc, __m128i doubled)
{
    __m128i *to = (__m128i *)(void *)acc;
    __m128i sums = _mm_srai_epi32(doubled, 16);

    _mm_storeu_si128(to, _mm_add_epi32(_mm_loadu_si128(to), sums));
}

/* all: sums of 16-bit pieces; odd: sums of their upper bytes; n targets. */
INLINE void widen_sse2(int32_t *acc, __m128i all, __m128i odd, size_t n_rows,
                       size_t n)
{
    const __m128i minus = _mm_set1_epi16((int16_t)(128 * n_rows));
    __m128i even = _mm_sub_epi16(all, _mm_slli_epi16(odd, 8));
    __m128i low = _mm_sub_epi16(_mm_unpacklo_epi16(even, odd), minus);
    __m128i high = _mm_sub_epi16(_mm_unpackhi_epi16(even, odd), minus);

    add_to_sse2(acc, _mm_unpacklo_epi16(low, low));
    if (n > 4) {
        add_to_sse2(acc + 4, _mm_unpackhi_epi16(low, low));
    }
    if (n > 8) {
        add_to_sse2(acc + 8, _mm_unpacklo_epi16(high, high));
    }
    if (n > 12) {
        add_to_sse2(acc + 12, _mm_unpackhi_epi16(high, high));
    }
}

static void add_rest_sse2(int32_t *acc, uint8_t const *const *rows,
                          size_t n_rows, size_t at, size_t n);

#include "add_rows.inc"

/* Constants, so that nothing is asked for each row. */
static void add_rest_sse2(int32_t *acc, uint8_t const *const *rows,
                          size_t n_rows, size_t at, size_t n)
{
    if (n == 4) {
        add_part_sse2(acc, rows, n_rows, at, 4);
    } else if (n == 8) {
        add_part_sse2(acc, rows, n_rows, at, 8);
    } else {
        add_part_sse2(acc, rows, n_rows, at, 12);
    }
}
#endif

#if defined(SPKL_AVX2)
#include "avx2.inc"

TARGET INLINE __m256i zero_avx2(void)
{
    return _mm256_setzero_si256();
}

TARGET INLINE __m256i add_avx2(__m256i a, __m256i b)
{
    return _mm256_add_epi16(a, b);
}

TARGET INLINE __m256i odd_bytes_avx2(__m256i w)
{
    return _mm256_srli_epi16(w, 8);
}

TARGET INLINE __m256i load_avx2(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* n is a multiple of 4, at most 32. What is masked is not read. */
TARGET INLINE __m256i load_part_avx2(const uint8_t *p, size_t n)
{
    const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i mask = _mm256_set1_epi32((int32_t)(n / 4));

    mask = _mm256_cmpgt_epi32(mask, places);
    return _mm256_maskload_epi32((const void *)p, mask);
}

/* Add eight sums of 16 bits; n < 8: four of them. */
TARGET INLINE void add_to_avx2(int32_t *acc, __m128i sums, size_t n)
{
    if (n < 8) {
        __m128i *half = (__m128i *)(void *)acc;
        __m128i wide = _mm_cvtepi16_epi32(sums);

        _mm_storeu_si128(half, _mm_add_epi32(_mm_loadu_si128(half), wide));
    } else {
        __m256i *to = (__m256i *)(void *)acc;
        __m256i wide = _mm256_cvtepi16_epi32(sums);

        wide = _mm256_add_epi32(_mm256_loadu_si256(to), wide);
        _mm256_storeu_si256(to, wide);
    }
}

/* As widen_sse2; what is unpacked stays in its half of the vector. */
TARGET INLINE void widen_avx2(int32_t *acc, __m256i all, __m256i odd,
                              size_t n_rows, size_t n)
{
    const __m256i minus = _mm256_set1_epi16((int16_t)(128 * n_rows));
    __m256i even = _mm256_sub_epi16(all, _mm256_slli_epi16(odd, 8));
    __m256i low = _mm256_sub_epi16(_mm256_unpacklo_epi16(even, odd), minus);
    __m256i high = _mm256_sub_epi16(_mm256_unpackhi_epi16(even, odd), minus);

    add_to_avx2(acc, _mm256_castsi256_si128(low), n);
    if (n > 8) {
        add_to_avx2(acc + 8, _mm256_castsi256_si128(high), n - 8);
    }
    if (n > 16) {
        add_to_avx2(acc + 16, _mm256_extracti128_si256(low, 1), n - 16);
    }
    if (n > 24) {
        add_to_avx2(acc + 24, _mm256_extracti128_si256(high, 1), n - 24);
    }
}

static void add_rest_avx2(int32_t *acc, uint8_t const *const *rows,
                          size_t n_rows, size_t at, size_t n);

#include "add_rows.inc"

TARGET static void add_rest_avx2(int32_t *acc, uint8_t const *const *rows,
                                 size_t n_rows, size_t at, size_t n)
{
    add_part_avx2(acc, rows, n_rows, at, n);
}
#endif

#if !defined(__SSE2__)
#define VECTOR uint64_t
#define NAME(name) name##_word
#define TARGET
#define ODD 0x00FF00FF00FF00FFu

INLINE uint64_t zero_word(void)
{
    return 0;
}

INLINE uint64_t load_word(const uint8_t *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof w);
    return w;
}

/* n is 4 or 8. */
INLINE uint64_t load_part_word(const uint8_t *p, size_t n)
{
    uint32_t w;

    if (n == 8) {
        return load_word(p);
    }
    memcpy(&w, p, sizeof w);
    return w;
}

INLINE uint64_t add_word(uint64_t a, uint64_t b)
{
    return a + b;
}

INLINE uint64_t odd_bytes_word(uint64_t w)
{
    return w >> 8 & ODD;
}

/* all: sums of words; odd: sums of bytes 1, 3, 5, 7. Carries inside `all` are
 * taken back. */
INLINE void widen_word(int32_t *acc, uint64_t all, uint64_t odd, size_t n_rows,
                       size_t n)
{
    int32_t offset = 128 * (int32_t)n_rows;
    uint64_t even = all - (odd << 8);

    for (size_t i = 0; i < n; i += 2) {
        acc[i] += (int32_t)(even >> 8 * i & 0xFFFFu) - offset;
        acc[i + 1] += (int32_t)(odd >> 8 * i & 0xFFFFu) - offset;
    }
}

static void add_rest_word(int32_t *acc, uint8_t const *const *rows,
                          size_t n_rows, size_t at, size_t n);

#include "add_rows.inc"

static void add_rest_word(int32_t *acc, uint8_t const *const *rows,
                          size_t n_rows, size_t at, size_t n)
{
    (void)n;
    add_part_word(acc, rows, n_rows, at, 4);
}
#endif

void spkl_add_rows_u8_s32(int32_t *acc, const uint8_t **rows, size_t n_rows,
                          size_t n)
{
    uint8_t const *const *list = (uint8_t const *const *)rows;

#if defined(SPKL_AVX2)
    if (spkl_has_avx2()) {
        add_rows_avx2(acc, list, n_rows, n);
        return;
    }
#endif
#if defined(__SSE2__)
    add_rows_sse2(acc, list, n_rows, n);
#else
    add_rows_word(acc, list, n_rows, n);
#endif
}
