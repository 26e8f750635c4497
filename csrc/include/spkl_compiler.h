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

/* A word of memory of any type. */
struct SPKL_RECORD spkl_word {
    uint32_t word;
};

#endif
