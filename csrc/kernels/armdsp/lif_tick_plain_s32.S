/* Cortex-M4, M33: the leak v + ((v (decay - 2^16)) >> 16) is one SMLAWB. */
    .macro factor
    .endm

    .macro leak w
    smlawb  \w, \w, r4, \w
    .endm

    .macro leak_first w
    leak    \w
    .endm

#include "spkl_lif_thumb2.inc"
