/* Cortex-M3: the leak v + ((v (decay - 2^16) 2^16) >> 32) is a product and a
 * sum. */
    .macro factor
    lsls    r4, r4, #16
    .endm

    .macro leak w
    smull   r10, r11, \w, r4
    add     \w, \w, r11
    .endm

    .macro leak_first w
    leak    \w
    ldr     r11, [r3, #4]
    .endm

#include "spkl_lif_thumb2.inc"
