/* What C99 cannot say, for compilers that can. */
#ifndef SPKL_COMPILER_H
#define SPKL_COMPILER_H

#include <stdint.h>

#if defined(__GNUC__)
/* A type that lies over memory of any other type. */
#define SPKL_RECORD __attribute__((may_alias))
/* A function that stays one, which makes its callers smaller. */
#define SPKL_NOINLINE __attribute__((noinline))
/* What is written before is in memory before what is written behind. For an
 * interrupt on the same core no more is needed. */
#define SPKL_BARRIER() __asm__ volatile("" ::: "memory")
#else
#define SPKL_RECORD
#define SPKL_NOINLINE
#define SPKL_BARRIER() ((void)0)
#endif

/* Whether the core divides words in one instruction. */
#if defined(__ARM_FEATURE_IDIV) || defined(__riscv_div) ||                     \
    defined(__x86_64__) || defined(__aarch64__)
enum { SPKL_DIVIDES = 1 };
#else
enum { SPKL_DIVIDES = 0 };
#endif

/* The number of the lowest bit of a word that is not 0. */
#if defined(__ARM_FEATURE_CLZ) || defined(__x86_64__) || defined(__aarch64__)
static inline uint32_t spkl_lowest_bit(uint32_t word)
{
    return (uint32_t)__builtin_ctz(word);
}
#else
static inline uint32_t spkl_lowest_bit(uint32_t word)
{
    uint32_t bit = 0;

    for (uint32_t half = 16; half != 0; half >>= 1) {
        if ((word & ((UINT32_C(1) << half) - 1)) == 0) {
            word >>= half;
            bit += half;
        }
    }
    return bit;
}
#endif

/* A word of memory of any type. */
struct SPKL_RECORD spkl_word {
    uint32_t word;
};

#endif
