/* Cortex-M4, M33: what UQSUB16 leaves of a half above size - 1 is a note. */
    .macro limit
    subs    r3, #1
    pkhbt   r3, r3, r3, lsl #16
    .endm

    .macro check w
    uqsub16 lr, \w, r3
    orr     r4, r4, lr
    .endm

    .macro is_good
    clz     r0, r4
    lsrs    r0, r0, #5
    .endm

#include "spkl_copy_spikes_thumb2.inc"
