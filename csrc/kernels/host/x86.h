/*
 * Which vectors there are. SSE2 belongs to x86-64, so that its code needs no
 * flags; AVX2 is found when the program runs, so that one library serves all
 * processors. SPKL_NO_AVX2: as on a processor without it, for tests and
 * benchmarks.
 *
 * What is written for both widths stands in .inc files, which are read once
 * behind sse2.inc and once behind avx2.inc.
 */
#ifndef SPKL_HOST_X86_H
#define SPKL_HOST_X86_H

#include <stdbool.h>

/* Where a constant argument decides what is compiled. */
#if defined(__GNUC__)
#define INLINE __attribute__((always_inline)) static inline
#else
#define INLINE static inline
#endif

/* Keeps a sum in a vector register: what is added to it is added one after the
 * other, where a compiler would sum several rows first and have no registers
 * left for the sums. */
#if defined(__GNUC__) && defined(__SSE2__)
#define IN_ORDER(sum) __asm__("" : "+x"(sum))
#else
#define IN_ORDER(sum) (void)(sum)
#endif

#if defined(__SSE2__)
#include <emmintrin.h>
#if defined(__GNUC__) && !defined(SPKL_NO_AVX2)
#include <immintrin.h>
#define SPKL_AVX2 1

/* A look into a word that the C runtime fills when a program begins. */
static inline bool spkl_has_avx2(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}
#endif
#endif

#endif
