/* Cortex-M4, M33: USADA8 sums the four bytes of a word. */
    .macro sum_word sum, word, zero
    usada8  \sum, \word, \zero, \sum
    .endm

    .macro sum_byte sum, byte
    .endm

#include "spkl_list_above_thumb2.inc"
