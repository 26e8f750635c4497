/*
 * Cortex-M3: a half of a neuron that is no less than size, which is at most
 * 2^15, has its top bit set, or has it set with 2^15 - size more; what it
 * carries over does not matter then.
 */
    .macro limit
    rsbs    r3, r3, #0x8000
    blo     .Lone
    orr     r3, r3, r3, lsl #16
    .endm

    .macro check w
    add     lr, \w, r3
    orr     r4, r4, \w
    orr     r4, r4, lr
    .endm

    .macro is_good
    tst     r4, #0x80008000
    ite     eq
    moveq   r0, #1
    movne   r0, #0
    .endm

#include "spkl_copy_spikes_thumb2.inc"
