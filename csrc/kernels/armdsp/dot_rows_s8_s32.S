/* Cortex-M4, M33: four inputs of a word in two SMLAD; words may lie anywhere.
 * lr: less the zero point, twice. */
    .macro start
    rsb     lr, lr, #0
    pkhbt   lr, lr, lr, lsl #16
    .endm

    .macro add_row sum
    sxtb16  r11, r10
    sxtb16  r10, r10, ror #8
    smlad   \sum, r11, r8, \sum
    smlad   \sum, r10, r9, \sum
    .endm

    .macro several rows
    sub     r12, r12, #3
    cmp     r0, r12
    bhs     3f
1:  ldr     r10, [r0], #4
    sxtab16 r8, lr, r10
    sxtab16 r9, lr, r10, ror #8
    orrs    r10, r8, r9
    beq     2f
    .if \rows == 4
    ldr     r10, [r1, r2]
    add_row r5
    ldr     r10, [r1, r2, lsl #1]
    add_row r6
    .endif
    ldr     r10, [r1, r3]
    add_row r7
    ldr     r10, [r1], #4
    add_row r4
    cmp     r0, r12
    blo     1b
    b       3f
2:  adds    r1, #4
    cmp     r0, r12
    blo     1b
3:  add     r12, r12, #3
    .endm

    .macro one_input
    ldrsb   r8, [r0], #1
    sxtah   r8, r8, lr
    .endm

#include "spkl_dot_thumb2.inc"
