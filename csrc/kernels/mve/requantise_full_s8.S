/* Graded 1.2 rounds halves away from zero, VRSHL upwards: a negative number is
 * 1 less before. The zero point does not overflow: |y| is below 2^30. */
    .macro constants
    ldr     r8, [r3, #OUT_ZERO]
    .endm

    .macro rescale
    vqrdmulh.s32 q0, q0, q2
    vand    q1, q0, q3
    vshr.s32 q1, q1, #31
    vadd.i32 q0, q0, q1
    vrshl.s32 q0, q0, q3
    vadd.i32 q0, q0, r8
    vqmovnb.s32 q0, q0
    vqmovnb.s16 q0, q0
    .endm

#include "spkl_requantise_mve.inc"

    requantise spkl_requantise_full_s8
