/*
 * Cortex-M4, M33: two inputs of a column in one SMLAD. Kept of a channel
 * (prepare_3x3_s8.c): BE, then weights of rows 0 and 1 as halves of a word for
 * each column, and those of row 2 in two words.
 */
    .macro product x, m, low
    smmulr  \x, \x, \m
    .endm

    /* The column at r0: rows 0 and 1 to r4, row 2 to r5. */
    .macro load_column
    ldrsb   r4, [r0]
    ldrsb   r5, [r0, r1]
    pkhbt   r4, r4, r5, lsl #16
    ldrsb   r5, [r0, r1, lsl #1]
    add     r0, r0, r2
    .endm

    .macro column
    load_column
    smlad   r8, r11, r4, r6
    smlabb  r8, lr, r5, r8
    smlad   r6, r10, r4, r7
    smlatb  r6, r12, r5, r6
    ldr     r7, [sp, #BE]
    smlad   r7, r9, r4, r7
    smlabb  r7, r12, r5, r7
    .endm

    .macro middle
    load_column
    smlad   r6, r10, r4, r6
    smlatb  r6, r12, r5, r6
    .endm

    .macro outer
    load_column
    smlad   r8, r11, r4, r6
    smlabb  r8, lr, r5, r8
    ldr     r6, [sp, #BE]
    smlad   r6, r9, r4, r6
    smlabb  r6, r12, r5, r6
    .endm

    /* A row outside the map takes its part of the zero point along; the others
     * move up or down. r8: the zero point, twice. */
    .macro weights
    ldr     r4, [sp, #KEPT]
    ldmia   r4!, {r7, r9-r12, lr}
    str     r4, [sp, #KEPT]
    ldr     r5, [sp, #S]
    ldr     r8, [r5, #S_ZERO]
    ldr     r4, [r5, #S_DOWN]
    pkhbt   r8, r8, r8, lsl #16
    cmp     r4, #0
    beq     2f
    blt     1f
    smlabb  r7, r12, r8, r7
    smlatb  r7, r12, r8, r7
    smlabb  r7, lr, r8, r7
    pkhtb   r12, r10, r9, asr #16
    lsr     lr, r11, #16
    lsl     r9, r9, #16
    lsl     r10, r10, #16
    lsl     r11, r11, #16
    b       2f
1:  smlabb  r7, r9, r8, r7
    smlabb  r7, r10, r8, r7
    smlabb  r7, r11, r8, r7
    lsl     r4, r12, #16
    pkhtb   r9, r4, r9, asr #16
    pkhtb   r10, r12, r10, asr #16
    lsl     r4, lr, #16
    pkhtb   r11, r4, r11, asr #16
    mov     r12, #0
    mov     lr, #0
2:  str     r7, [sp, #BE]
    smuad   r4, r11, r8
    smlabb  r4, lr, r8, r4
    str     r4, [sp, #LACK]
    smlad   r7, r9, r8, r7
    smlabb  r7, r12, r8, r7
    .endm

#include "spkl_sweep_thumb2.inc"
