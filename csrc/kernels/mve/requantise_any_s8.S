/* Graded 1.2 rounds halves away from zero, VRSHL upwards: where there is a shift
 * to the right a negative number is 1 less before, and none is below -2^31 + 1.
 * The sum with the zero point may overflow: it saturates. */
    .macro constants
    ldr     r8, [r3, #OUT_ZERO]
    ldrd    r4, r5, [r3, #ACT_MIN]
    vdup.32 q4, r4
    vdup.32 q5, r5
    vmov.i32 q6, #0
    .endm

    .macro rescale
    vmax.s32 q1, q3, q6
    vshl.s32 q0, q0, q1
    vmin.s32 q3, q3, q6
    vqrdmulh.s32 q0, q0, q2
    vand    q1, q0, q3
    vshr.s32 q1, q1, #31
    vadd.i32 q0, q0, q1
    vrshl.s32 q0, q0, q3
    vqadd.s32 q0, q0, r8
    vmax.s32 q0, q0, q4
    vmin.s32 q0, q0, q5
    .endm

#include "spkl_requantise_mve.inc"

    requantise spkl_requantise_any_s8
