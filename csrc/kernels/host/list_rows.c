/* Hosts: two products at once with SSE2. */
#include "spkl_kernels.h"
#include "x86.h"

#if defined(__SSE2__) && UINTPTR_MAX > UINT32_MAX
INLINE void store(__m128i *to, __m128i two, __m128i by, __m128i base)
{
    _mm_storeu_si128(to, _mm_add_epi64(_mm_mul_epu32(two, by), base));
}

/* A number is below 2^16 and a stride below 2^32, so a product has 64 bits. */
static size_t list_pairs(const uint8_t **rows, const uint16_t *neurons,
                         size_t n, const uint8_t *weights, size_t stride)
{
    const __m128i nil = _mm_setzero_si128();
    const __m128i base = _mm_set1_epi64x((long long)(uintptr_t)weights);
    const __m128i by = _mm_set1_epi64x((long long)stride);
    size_t k = 0;

    for (; n - k >= 8; k += 8) {
        __m128i *to = (__m128i *)(void *)(rows + k);
        __m128i all =
            _mm_loadu_si128((const __m128i *)(const void *)(neurons + k));
        __m128i low = _mm_unpacklo_epi16(all, nil);
        __m128i high = _mm_unpackhi_epi16(all, nil);

        store(to, _mm_unpacklo_epi32(low, nil), by, base);
        store(to + 1, _mm_unpackhi_epi32(low, nil), by, base);
        store(to + 2, _mm_unpacklo_epi32(high, nil), by, base);
        store(to + 3, _mm_unpackhi_epi32(high, nil), by, base);
    }
    return k;
}
#else
static size_t list_pairs(const uint8_t **rows, const uint16_t *neurons,
                         size_t n, const uint8_t *weights, size_t stride)
{
    (void)rows;
    (void)neurons;
    (void)n;
    (void)weights;
    (void)stride;
    return 0;
}
#endif

void spkl_list_rows(const uint8_t **rows, const uint16_t *neurons, size_t n,
                    const uint8_t *weights, size_t stride)
{
    size_t k = list_pairs(rows, neurons, n, weights, stride);

    for (; k < n; k++) {
        rows[k] = weights + neurons[k] * stride;
    }
}
