/* A sum below 0 becomes -128 however it is rounded, and VRSHL rounds the others
 * as graded 1.2 does. A multiplier of 0 may have any shift. */
    .macro constants
    mov     r8, #128
    .endm

    .macro rescale
    vqrdmulh.s32 q0, q0, q2
    vrshl.s32 q0, q0, q3
    vqmovunb.s32 q0, q0
    vqmovnb.u16 q0, q0
    vadd.i32 q0, q0, r8
    .endm

#include "spkl_requantise_mve.inc"

    requantise spkl_requantise_relu_s8
