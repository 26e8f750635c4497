/*
 * Fixed-point numbers of graded networks: docs/reference/graded.md 1. Right
 * shifts of negative numbers are arithmetic, as in spkl_fixed.h.
 */
#ifndef SPKL_REQUANTISE_H
#define SPKL_REQUANTISE_H

#include <stdint.h>

/* x / 2^e rounded down, 0 <= e <= 31. */
static inline int32_t spkl_floor(int32_t x, int32_t e)
{
    return x >> e;
}

/* x / 2^e rounded down, 0 <= e <= 63. */
static inline int64_t spkl_floor64(int64_t x, int32_t e)
{
    return x >> e;
}

/* Graded 1.4. */
static inline int32_t spkl_clamp_to(int32_t x, int32_t low, int32_t high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* a + b modulo 2^32. */
static inline int32_t spkl_add_words(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

/* a - b modulo 2^32. */
static inline int32_t spkl_subtract_words(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

/* a b modulo 2^32. */
static inline int32_t spkl_multiply_words(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a * (uint32_t)b);
}

/* x 2^s modulo 2^32, 0 <= s <= 31. */
static inline int32_t spkl_shift_left(int32_t x, int32_t s)
{
    return (int32_t)((uint32_t)x << s);
}

/*
 * Graded 1.1. Rounding a negative quotient toward zero after the nudge
 * 1 - 2^30 is the floor after the nudge 2^30: ceil(n / d) = floor((n + d - 1) /
 * d). So one nudge serves all signs.
 */
static inline int32_t spkl_high(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* Graded 1.2, e <= 31, -2^31 + 1 <= x <= 2^31 - 2: no sum
 * overflows. */
static inline int32_t spkl_halve(int32_t x, int32_t e)
{
    if (e == 0) {
        return x;
    }
    return (((x + (x >> 31)) >> (e - 1)) + 1) >> 1;
}

/* Graded 1.3, 0 <= m < 2^31, -31 <= s <= 30: high lies in -2^31 + 1 .. 2^31 -
 * 2, as halve wants. */
static inline int32_t spkl_requantise(int32_t x, int32_t m, int32_t s)
{
    if (s > 0) {
        return spkl_high(spkl_shift_left(x, s), m);
    }
    return spkl_halve(spkl_high(x, m), -s);
}

/* Graded 1.5: the factor that a multiplier is rounded to, 0 .. 32767. */
static inline int32_t spkl_reduced(int32_t m)
{
    return m < 0x7FFF0000 ? (m + 0x8000) >> 16 : 0x7FFF;
}

/* Graded 1.5, -31 <= s <= 14; modulo 2^64 until the low word is taken. */
static inline int32_t spkl_requantise64(int64_t x, int32_t m, int32_t s)
{
    uint64_t product = (uint64_t)x * (uint32_t)spkl_reduced(m);

    product += UINT64_C(1) << (14 - s);
    return (int32_t)(uint32_t)(uint64_t)((int64_t)product >> (15 - s));
}

/* Graded 1.6, the rounding shift: 33 <= s <= 95. */
static inline int64_t spkl_scale_down(uint64_t quotient, int32_t s)
{
    return (int64_t)(quotient + (UINT64_C(1) << (s - 33))) >> (s - 32);
}

/* Graded 1.6, of a sum of 32 bits and a multiplier of two words. */
static inline int64_t spkl_scale(int32_t x, uint32_t low, int32_t high,
                                 int32_t s)
{
    int64_t quotient = (int64_t)x * high;

    quotient += ((int64_t)x * low) >> 32;
    return spkl_scale_down((uint64_t)quotient, s);
}

/* Graded 1.6, of a sum of 64 bits. */
static inline int64_t spkl_scale64(int64_t x, uint32_t low, int32_t high,
                                   int32_t s)
{
    uint64_t m = (uint64_t)(uint32_t)high << 32 | low;
    uint32_t x_low = (uint32_t)x;
    int32_t x_high = (int32_t)(x >> 32);
    uint64_t quotient = (uint64_t)(int64_t)x_high * m;

    quotient += (uint64_t)x_low * (uint32_t)high;
    quotient += (uint64_t)x_low * low >> 32;
    return spkl_scale_down(quotient, s);
}

#endif
