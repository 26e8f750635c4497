/* Cortex-M3: bytes are summed one by one. */
    .macro sum_word sum, word, zero
    .endm

    .macro sum_byte sum, byte
    add     \sum, \sum, \byte
    .endm

#include "spkl_list_above_thumb2.inc"
