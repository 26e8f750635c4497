/* Weights of few bits: docs/reference/image.md, 5.1. */
#ifndef SPKL_CODE_H
#define SPKL_CODE_H

#include <stdint.h>

/* Bits of a code, as a power of 2, of the layouts 0 to 3. */
static inline uint32_t spkl_code_shift(uint32_t layout)
{
    return 3 - layout;
}

/* Code k of a row. */
static inline uint32_t spkl_code(const uint8_t *row, uint32_t layout,
                                 uint32_t k)
{
    uint32_t bits = UINT32_C(1) << spkl_code_shift(layout);
    uint32_t at = k << spkl_code_shift(layout);

    return (uint32_t)row[at >> 3] >> (at & 7) & ((UINT32_C(1) << bits) - 1);
}

/* The weight of a code. */
static inline int32_t spkl_weight(uint32_t layout, uint32_t code)
{
    static const uint8_t zero[4] = {128, 8, 2, 1};

    return (int32_t)(layout == 3 ? 2 * code : code) - zero[layout];
}

#endif
