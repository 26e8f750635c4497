/* Hosts: eight spikes at once with SSE2. */
#include "net.h"
#include "x86.h"

#if defined(__SSE2__)
/* Copy eights of neurons, up to the first that has one too large; `most` is the
 * largest that is not. Returns how many. */
static size_t copy_eights(uint16_t *to, const uint16_t *from, size_t n,
                          uint32_t most)
{
    /* Numbers of 16 bits saturate at 0. */
    const __m128i limit = _mm_set1_epi16((int16_t)most);
    __m128i above = _mm_setzero_si128();
    size_t k = 0;

    for (; n - k >= 8; k += 8) {
        const __m128i *at = (const __m128i *)(const void *)(from + k);
        __m128i eight = _mm_loadu_si128(at);

        above = _mm_or_si128(above, _mm_subs_epu16(eight, limit));
        _mm_storeu_si128((__m128i *)(void *)(to + k), eight);
    }
    above = _mm_cmpeq_epi16(above, _mm_setzero_si128());
    return _mm_movemask_epi8(above) == 0xFFFF ? k : 0;
}

/* As many values of 1, in eights. */
static size_t fill_eights(int16_t *values, size_t n)
{
    const __m128i ones = _mm_set1_epi16(1);
    size_t k = 0;

    for (; n - k >= 8; k += 8) {
        _mm_storeu_si128((__m128i *)(void *)(values + k), ones);
    }
    return k;
}
#else
static size_t copy_eights(uint16_t *to, const uint16_t *from, size_t n,
                          uint32_t most)
{
    (void)to;
    (void)from;
    (void)n;
    (void)most;
    return 0;
}

static size_t fill_eights(int16_t *values, size_t n)
{
    (void)values;
    (void)n;
    return 0;
}
#endif

/* Whether all neurons are there; they are in place then. */
static bool copy(uint16_t *to, const uint16_t *from, size_t n, uint32_t size)
{
    uint32_t most = size - 1 < UINT16_MAX ? size - 1 : UINT16_MAX;

    for (size_t k = copy_eights(to, from, n, most); k < n; k++) {
        if (from[k] >= size) {
            return false;
        }
        to[k] = from[k];
    }
    return true;
}

bool spkl_copy_spikes(const struct spkl_source *to, const uint16_t *from,
                      size_t n, uint32_t size)
{
    if (!copy(to->neurons, from, n, size)) {
        return false;
    }
    for (size_t k = fill_eights(to->values, n); k < n; k++) {
        to->values[k] = 1;
    }
    return true;
}
