/* Hosts: pairs of entries in vectors of SSE2, else as in ref. */
#include "spkl_ref_list.h"

#if defined(__SSE2__)
#include <emmintrin.h>

static __m128i load_half(const uint8_t *p)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)p);
}

/* Sums of eight channels at `at` of each row. No overflow: a size and a code
 * are below 2^8, and there are at most 256 entries. */
static void sum_eight(__m128i sums[2], const struct spkl_entry *entry,
                      const struct spkl_entry *end,
                      const struct spkl_list *list, size_t at)
{
    const __m128i nil = _mm_setzero_si128();
    const uint8_t *rows = list->rows + at;
    __m128i low = nil, high = nil;

    while (entry != end) {
        const uint8_t *row = rows + (size_t)entry[0].row * list->row_size;
        __m128i first = load_half(row), second = nil;
        uint32_t sizes = entry[0].size;

        if (++entry != end) {
            row = rows + (size_t)entry->row * list->row_size;
            second = load_half(row);
            sizes |= entry->size << 16;
            entry++;
        }
        first = _mm_unpacklo_epi8(first, second);
        second = _mm_set1_epi32((int32_t)sizes);
        low = _mm_add_epi32(
            low, _mm_madd_epi16(_mm_unpacklo_epi8(first, nil), second));
        high = _mm_add_epi32(
            high, _mm_madd_epi16(_mm_unpackhi_epi8(first, nil), second));
    }
    sums[0] = low;
    sums[1] = high;
}

void spkl_sum_list_u8_s32(int32_t *acc, struct spkl_list *list, size_t n,
                          bool more)
{
    const struct spkl_entry *above = spkl_entry_at(list->begin);
    const struct spkl_entry *next = spkl_entry_at(list->next);
    const struct spkl_entry *below = spkl_entry_at(list->below);
    const struct spkl_entry *end = spkl_entry_at(list->end);

    for (size_t o = 0; o < n; o += 8, acc += 8) {
        __m128i plus[2], minus[2];

        sum_eight(plus, above, next, list, o);
        sum_eight(minus, below, end, list, o);
        for (size_t i = 0; i < 2; i++) {
            __m128i *to = (__m128i *)(void *)(acc + 4 * i);
            __m128i sum = _mm_sub_epi32(plus[i], minus[i]);

            if (more) {
                sum = _mm_add_epi32(sum, _mm_loadu_si128(to));
            }
            _mm_storeu_si128(to, sum);
        }
    }
}
#else
void spkl_sum_list_u8_s32(int32_t *acc, struct spkl_list *list, size_t n,
                          bool more)
{
    spkl_sum_any_list(acc, list, n, more, 0);
}
#endif
