/* Cortex-M3: MLA for each product. lr: the zero point. */
    .macro start
    .endm

    .macro one_input
    ldrsb   r8, [r0], #1
    sub     r8, r8, lr
    .endm

    .macro input rows
    ldrsb   r8, [r0], #1
    subs    r8, r8, lr
    beq     9f
    .if \rows == 4
    ldrsb   r9, [r1, r2]
    mla     r5, r9, r8, r5
    ldrsb   r9, [r1, r2, lsl #1]
    mla     r6, r9, r8, r6
    .endif
    ldrsb   r9, [r1, r3]
    mla     r7, r9, r8, r7
    ldrsb   r9, [r1]
    mla     r4, r9, r8, r4
9:  adds    r1, #1
    .endm

    .macro several rows
    sub     r12, r12, #3
    cmp     r0, r12
    bhs     3f
1:  input   \rows
    input   \rows
    input   \rows
    input   \rows
    cmp     r0, r12
    blo     1b
3:  add     r12, r12, #3
    .endm

#include "spkl_dot_thumb2.inc"
