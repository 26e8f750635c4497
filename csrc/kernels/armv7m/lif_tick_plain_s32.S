/* Cortex-M3: the leak v + ((v (decay - 2^16) 2^16) >> 32) is a product and a
 * sum. */
    .macro factor
    lsl     r4, r4, #16
    .endm

    .macro leak w, v
    smull   r10, \w, \v, r4
    add     \w, \w, \v
    .endm

    .macro unleak w, v, t
    sub     \w, \w, \v
    smull   \v, \t, \v, r4
    sub     \w, \w, \t
    .endm

#include "spkl_lif_thumb2.inc"
