/* Sums of products of int16 values with int8 weights. */
#ifndef SPKL_SUM_S16_H
#define SPKL_SUM_S16_H

#include <stdint.h>

/* The two words of a bias. */
static inline uint64_t spkl_two_words(uint32_t low, int32_t high)
{
    return (uint64_t)(uint32_t)high << 32 | low;
}

/* No overflow in a word: 256 products below 2^22. Modulo 2^64. */
static inline uint64_t spkl_sum_s16(uint64_t sum, const int16_t *in,
                                    const int8_t *weights, uint32_t n)
{
    while (n > 0) {
        uint32_t some = n < 256 ? n : 256;
        int32_t part = 0;

        for (uint32_t i = 0; i < some; i++) {
            part += in[i] * weights[i];
        }
        sum += (uint64_t)(int64_t)part;
        in += some;
        weights += some;
        n -= some;
    }
    return sum;
}

#endif
