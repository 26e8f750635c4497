/*
 * Hosts: the reset of a kind and time is chosen outside the loop; neurons in
 * vectors of AVX2 or SSE2, the rest one by one.
 *
 * No overflow: |D(v)| <= V_MAX and |in 2^f + bias| <= V_MAX, so their sum fits
 * in 32 bits before it is clamped; a reset by subtraction takes at most V_MAX
 * from a number that is at least -V_MAX, or is calm.
 */
#include <string.h>

#include "spkl_image.h"
#include "spkl_kernels.h"
#include "spkl_lif_flags.h"
#include "x86.h"

struct choices {
    uint32_t kind; /* 0, SPKL_LIF_RESET_*, TO_ZERO */
    bool next;
    bool before_leak;
};

/* Neurons one by one. */
static inline int32_t clamp(int32_t x)
{
    x = x < SPKL_V_MAX ? x : SPKL_V_MAX;
    return x > -SPKL_V_MAX ? x : -SPKL_V_MAX;
}

static inline int32_t reset(uint32_t kind, int32_t w, int32_t by)
{
    if (kind == SPKL_LIF_RESET_SUBTRACT) {
        return clamp(w - by);
    }
    return kind == SPKL_LIF_RESET_SET ? by : w;
}

/* Neurons i and up, where n_fired fired before them. */
static inline size_t tick(const struct spkl_lif *p, size_t i, size_t n_fired,
                          bool *changed, struct choices c)
{
    const struct spkl_lif q = *p;
    const int64_t decay = *q.decay_v.at;
    const int32_t unit = (int32_t)1 << q.frac;
    uint16_t *fired = q.fired + n_fired;
    uint32_t difference = 0;

    for (; i < q.n; i++) {
        int32_t above = q.fire_above.at[i * q.fire_above.step];
        int32_t low = q.v_min.at[i * q.v_min.step];
        int32_t x = q.in[i] * unit + q.bias.at[i * q.bias.step];
        int32_t old = q.v[i];
        int32_t w = old;
        bool late = c.next && old > above;

        q.in[i] = 0;
        if (late && c.before_leak) {
            w = reset(c.kind, w, q.reset.at[i * q.reset.step]);
        }
        w = clamp((int32_t)(w * decay >> 16) + x);
        if (late && !c.before_leak) {
            w = reset(c.kind, w, q.reset.at[i * q.reset.step]);
        }
        if (w > above) {
            *fired++ = (uint16_t)i;
            if (!c.next) {
                w = reset(c.kind, w, q.reset.at[i * q.reset.step]);
            }
        }
        w = w > low ? w : low;
        difference |= (uint32_t)w ^ (uint32_t)old;
        q.v[i] = w;
    }
    *changed = *changed || difference != 0;
    return (size_t)(fired - q.fired);
}

/* Any choices. */
static size_t slowly(const struct spkl_lif *p, size_t i, size_t n_fired,
                     bool *changed)
{
    bool next = (p->flags & SPKL_LIF_RESET_NEXT) != 0;
    bool before_leak = (p->flags & SPKL_LIF_RESET_BEFORE_LEAK) != 0;

    switch (p->flags & SPKL_LIF_RESET_KIND) {
    case SPKL_LIF_RESET_SUBTRACT:
        return tick(
            p, i, n_fired, changed,
            (struct choices){SPKL_LIF_RESET_SUBTRACT, next, before_leak});
    case SPKL_LIF_RESET_SET:
        return tick(p, i, n_fired, changed,
                    (struct choices){SPKL_LIF_RESET_SET, next, before_leak});
    default:
        return tick(p, i, n_fired, changed, (struct choices){0, false, false});
    }
}

#if defined(__SSE2__)
/* A reset that sets 0, which most networks have; see lif_tick_plain.inc. */
enum { TO_ZERO = 1, CALM = 1 << 29 };

static uint32_t kind_of(const struct spkl_lif *p)
{
    uint32_t kind = p->flags & SPKL_LIF_RESET_KIND;

    return kind == SPKL_LIF_RESET_SET && p->reset.step == 0 && *p->reset.at == 0
               ? (uint32_t)TO_ZERO
               : kind;
}

/* Write the numbers of the bits that are set, from `first` on. Spikes are found
 * in words of 64 neurons: a loop for each vector would be left by surprise each
 * time. */
static inline uint16_t *list_bits(uint16_t *to, size_t first, uint64_t bits)
{
    for (; bits != 0; bits &= bits - 1) {
        *to++ = (uint16_t)(first + (size_t)__builtin_ctzll(bits));
    }
    return to;
}

#include "sse2.inc"

INLINE __m128i select_sse2(__m128i which, __m128i a, __m128i b)
{
    return _mm_or_si128(_mm_and_si128(which, a), _mm_andnot_si128(which, b));
}

INLINE __m128i larger_sse2(__m128i a, __m128i b)
{
    return select_sse2(_mm_cmpgt_epi32(a, b), a, b);
}

INLINE uint32_t lanes_sse2(__m128i which)
{
    return (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(which));
}

INLINE uint32_t lanes_of_four_sse2(__m128i a, __m128i b, __m128i c, __m128i d)
{
    a = _mm_packs_epi32(a, b);
    c = _mm_packs_epi32(c, d);
    return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(a, c));
}

#include "lif_tick_plain.inc"
#endif

#if defined(SPKL_AVX2)
#include "avx2.inc"

TARGET INLINE __m256i select_avx2(__m256i which, __m256i a, __m256i b)
{
    return _mm256_blendv_epi8(b, a, which);
}

TARGET INLINE __m256i larger_avx2(__m256i a, __m256i b)
{
    return _mm256_max_epi32(a, b);
}

TARGET INLINE uint32_t lanes_avx2(__m256i which)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(which));
}

/* Packing stays in the halves of vectors; words are put in order behind it. */
TARGET INLINE uint32_t lanes_of_four_avx2(__m256i a, __m256i b, __m256i c,
                                          __m256i d)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);

    a = _mm256_packs_epi32(a, b);
    c = _mm256_packs_epi32(c, d);
    a = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(a, c), order);
    return (uint32_t)_mm256_movemask_epi8(a);
}

#include "lif_tick_plain.inc"
#endif

size_t spkl_lif_tick_plain_s32(const struct spkl_lif *p, bool *changed)
{
#if defined(SPKL_AVX2)
    if (p->n >= 8 && spkl_has_avx2()) {
        return tick_any_avx2(p, changed);
    }
#endif
#if defined(__SSE2__)
    if (p->n >= 4) {
        return tick_any_sse2(p, changed);
    }
#endif
    *changed = false;
    return slowly(p, 0, 0, changed);
}
