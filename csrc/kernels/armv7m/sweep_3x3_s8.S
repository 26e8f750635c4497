/*
 * Cortex-M3: nine MLA for a column. Five weights are in registers, four on the
 * stack. Kept of a channel (prepare_3x3_s8.c): BE, then the nine weights as
 * halves of words.
 */
    .macro product x, m, low
    smull   \low, \x, \x, \m
    lsls    \low, \low, #1
    adc     \x, \x, #0
    .endm

    /* Stack: of row 1 the last, and row 2 */
    .equ W12, MORE
    .equ W20, MORE + 4
    .equ W21, MORE + 8
    .equ W22, MORE + 12

    .macro column
    ldrsb   r4, [r0]
    mla     r8, r11, r4, r6
    mla     r6, r10, r4, r7
    ldr     r7, [sp, #BE]
    mla     r7, r9, r4, r7
    ldrsb   r4, [r0, r1]
    ldr     r5, [sp, #W12]
    mla     r8, r5, r4, r8
    mla     r6, lr, r4, r6
    mla     r7, r12, r4, r7
    ldrsb   r4, [r0, r1, lsl #1]
    ldr     r5, [sp, #W22]
    mla     r8, r5, r4, r8
    ldr     r5, [sp, #W21]
    mla     r6, r5, r4, r6
    ldr     r5, [sp, #W20]
    mla     r7, r5, r4, r7
    add     r0, r0, r2
    .endm

    .macro middle
    ldrsb   r4, [r0]
    mla     r6, r10, r4, r6
    ldrsb   r4, [r0, r1]
    mla     r6, lr, r4, r6
    ldrsb   r4, [r0, r1, lsl #1]
    ldr     r5, [sp, #W21]
    mla     r6, r5, r4, r6
    add     r0, r0, r2
    .endm

    .macro outer
    ldrsb   r4, [r0]
    mla     r8, r11, r4, r6
    ldr     r6, [sp, #BE]
    mla     r6, r9, r4, r6
    ldrsb   r4, [r0, r1]
    ldr     r5, [sp, #W12]
    mla     r8, r5, r4, r8
    mla     r6, r12, r4, r6
    ldrsb   r4, [r0, r1, lsl #1]
    ldr     r5, [sp, #W22]
    mla     r8, r5, r4, r8
    ldr     r5, [sp, #W20]
    mla     r6, r5, r4, r6
    add     r0, r0, r2
    .endm

    /* Row at `at` of what is kept: to three registers. */
    .macro row a, b, c, at
    ldrsh   \a, [r4, #\at]
    ldrsh   \b, [r4, #\at + 2]
    ldrsh   \c, [r4, #\at + 4]
    .endm

    /* r7 plus the zero point r3 times the row at `at`. */
    .macro add_row at
    row     r5, r6, r8, \at
    add     r5, r5, r6
    add     r5, r5, r8
    mla     r7, r5, r3, r7
    .endm

    /* A row outside the map takes its part of the zero point along; the others
     * move up or down. */
    .macro weights
    str     r3, [sp, #W12]
    ldr     r5, [sp, #S]
    ldr     r4, [sp, #KEPT]
    ldr     r3, [r5, #S_ZERO]
    ldr     r5, [r5, #S_DOWN]
    add     r6, r4, #24
    str     r6, [sp, #KEPT]
    ldr     r7, [r4]
    cmp     r5, #0
    beq     2f
    blt     1f
    add_row 16
    movs    r5, #0
    mov     r9, r5
    mov     r10, r5
    mov     r11, r5
    row     r12, lr, r8, 4
    row     r5, r6, r4, 10
    b       3f
1:  add_row 4
    row     r9, r10, r11, 10
    row     r12, lr, r8, 16
    movs    r5, #0
    movs    r6, #0
    movs    r4, #0
    b       3f
2:  row     r9, r10, r11, 4
    row     r12, lr, r8, 10
    row     r5, r6, r4, 16
3:  strd    r5, r6, [sp, #W20]
    str     r4, [sp, #W22]
    str     r7, [sp, #BE]
    add     r4, r4, r8
    add     r4, r4, r11
    mul     r4, r4, r3
    str     r4, [sp, #LACK]
    add     r5, r5, r12
    add     r5, r5, r9
    mla     r7, r5, r3, r7
    ldr     r3, [sp, #W12]
    str     r8, [sp, #W12]
    .endm

#include "spkl_sweep_thumb2.inc"
