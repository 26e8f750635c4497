/* Cortex-M3: a word of four bytes takes seven instructions. */
    .macro word a, b, c, d, w
    sxtb    r12, \w
    add     \a, \a, r12
    sxtb    r12, \w, ror #8
    add     \b, \b, r12
    sxtb    r12, \w, ror #16
    add     \c, \c, r12
    add     \d, \d, \w, asr #24
    .endm

#include "spkl_blocks4_thumb2.inc"
