/* Cortex-M3: a word of four bytes takes seven instructions. */
    .macro word a, b, c, d, w
    add     \d, \d, \w, asr #24
    lsls    \w, \w, #8
    add     \c, \c, \w, asr #24
    lsls    \w, \w, #8
    add     \b, \b, \w, asr #24
    lsls    \w, \w, #8
    add     \a, \a, \w, asr #24
    .endm

#include "spkl_blocks4_thumb2.inc"
