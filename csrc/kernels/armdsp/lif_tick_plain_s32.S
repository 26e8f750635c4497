/* Cortex-M4, M33: the leak v + ((v (decay - 2^16)) >> 16) is one SMLAWB. */
    .macro factor
    .endm

    .macro leak w, v
    smlawb  \w, \v, r4, \v
    .endm

    .macro unleak w, v, t
    smlawb  \t, \v, r4, \v
    sub     \w, \w, \t
    .endm

#include "spkl_lif_thumb2.inc"
