/* Cortex-M4, M33: SXTAB adds a signed byte of a word to a sum. */
    .macro word a, b, c, d, w
    sxtab   \a, \a, \w
    sxtab   \b, \b, \w, ror #8
    sxtab   \c, \c, \w, ror #16
    add     \d, \d, \w, asr #24
    .endm

#include "spkl_blocks4_thumb2.inc"
