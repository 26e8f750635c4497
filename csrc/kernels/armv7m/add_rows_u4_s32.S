/*
 * Cortex-M3: the lanes of codes 2, 6 and 3, 7 sum bytes >> 8, which has the
 * byte of code 4 or 5 on top; without it that leaves two lanes as well. All is
 * exact modulo 2^32; a lane is a signed 16-bit number in the end, and takes 1
 * from the lane above while it is negative.
 */
    .macro widen even, high
    lsr     lr, \even, #8
    add     r10, r10, lr
    sub     \high, \high, lr, lsl #4
    and     \even, \even, #0x00FF00FF
    add     r8, r8, \even
    add     r11, r11, \high, lsr #8
    and     \high, \high, #0x00FF00FF
    add     r9, r9, \high
    .endm

    /* The lower lane of `first`, then of `second`; the upper ones stay. */
    .macro part first, second, low, low2
    sxth    \low, \first
    sub     \first, \first, \low
    sub     \second, \second, \first, asr #8
    sxth    \low2, \second
    sub     \second, \second, \low2
    .endm

    .macro finish
    part    r0, r2, r8, r10
    part    r1, r3, r9, r11
    ldmia.w lr, {r4-r7}
    add     r4, r4, r8
    add     r5, r5, r9
    add     r6, r6, r10
    add     r7, r7, r11
    stmia.w lr!, {r4-r7}
    ldmia.w lr, {r4-r7}
    add     r4, r4, r0, asr #16
    add     r5, r5, r1, asr #16
    add     r6, r6, r2, asr #16
    add     r7, r7, r3, asr #16
    stmia.w lr!, {r4-r7}
    .endm

    .macro start
    add     r5, r4, r4, lsl #16
    add     r5, r5, r4, lsl #8
    add     r4, r4, r4, lsl #16
    .endm

#include "spkl_rows_u4_thumb2.inc"
