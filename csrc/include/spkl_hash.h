/* Semantics 4.1: a number that depends on nothing but its arguments. */
#ifndef SPKL_HASH_H
#define SPKL_HASH_H

#include <stdint.h>

enum { SPKL_HASH_POISSON = 1 };

static inline uint32_t spkl_mix(uint32_t x)
{
    x ^= x >> 16;
    x *= UINT32_C(0x7FEB352D);
    x ^= x >> 15;
    x *= UINT32_C(0x846CA68B);
    return x ^ x >> 16;
}

static inline uint32_t spkl_hash(uint32_t seed, uint32_t purpose,
                                 uint32_t index, uint32_t tick)
{
    uint32_t x = seed + UINT32_C(0x9E3779B9) * purpose;

    return spkl_mix(spkl_mix(x ^ index) ^ tick);
}

#endif
