/* What CMSIS-NN calls of a C library: words where the core can, with less
 * overhead on short pieces than usual libraries have. */
#include <stddef.h>
#include <stdint.h>

#include "string.h"

#if defined(__ARM_FEATURE_UNALIGNED)
typedef uint32_t __attribute__((may_alias, aligned(1))) word;
#define ARE_WORDS(x) 1
#else
typedef uint32_t __attribute__((may_alias)) word;
#define ARE_WORDS(x) (((x) & 3) == 0)
#endif

void *memcpy(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (ARE_WORDS((uintptr_t)t | (uintptr_t)f)) {
        if (n == 4) {
            *(word *)to = *(const word *)from;
            return to;
        }
        for (; n >= 16; n -= 16) {
            word a = ((const word *)(const void *)f)[0];
            word b = ((const word *)(const void *)f)[1];
            word c = ((const word *)(const void *)f)[2];
            word d = ((const word *)(const void *)f)[3];

            ((word *)(void *)t)[0] = a;
            ((word *)(void *)t)[1] = b;
            ((word *)(void *)t)[2] = c;
            ((word *)(void *)t)[3] = d;
            t += 16;
            f += 16;
        }
        for (; n >= 4; n -= 4) {
            *(word *)(void *)t = *(const word *)(const void *)f;
            t += 4;
            f += 4;
        }
    }
    while (n > 0) {
        *t++ = *f++;
        n--;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if ((uintptr_t)t <= (uintptr_t)f) {
        return memcpy(to, from, n);
    }
    while (n-- > 0) {
        t[n] = f[n];
    }
    return to;
}

void *memset(void *to, int value, size_t n)
{
    uint8_t *t = to;
    uint32_t all = (uint8_t)value * 0x01010101u;

    if (ARE_WORDS((uintptr_t)t)) {
        for (; n >= 16; n -= 16) {
            ((word *)(void *)t)[0] = all;
            ((word *)(void *)t)[1] = all;
            ((word *)(void *)t)[2] = all;
            ((word *)(void *)t)[3] = all;
            t += 16;
        }
        for (; n >= 4; n -= 4) {
            *(word *)(void *)t = all;
            t += 4;
        }
    }
    while (n > 0) {
        *t++ = (uint8_t)value;
        n--;
    }
    return to;
}
