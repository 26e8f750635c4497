/*
 * Cortex-M3: two sums in a word, three instructions for four bytes. `even`
 * sums bytes 0 and 2 in two lanes, `high` sums word >> 8, which is byte 1 +
 * 2^8 byte 2 + 2^16 byte 3; without byte 2 that leaves two lanes as well. All
 * is exact modulo 2^32; a lane is a signed 16-bit number in the end, and takes
 * 1 from the lane above while it is negative.
 */
    .equ ROW, 4
    .equ WORD, 12

    .macro add_word even, high, word
    add.w   \high, \high, \word, lsr #8
    and.w   \word, \word, #0x00FF00FF
    add.w   \even, \even, \word
    .endm

    .macro widen_word even, high
    ldmia.w lr, {r6-r9}
    sxth    r10, \even
    sub     \even, \even, r10
    sub     \high, \high, \even, asr #8
    sxth    r11, \high
    sub     \high, \high, r11
    add     r6, r6, r10
    add     r7, r7, r11
    add     r8, r8, \even, asr #16
    add     r9, r9, \high, asr #16
    stmia.w lr!, {r6-r9}
    .endm

    .macro start
    add     r5, r4, r4, lsl #16
    add     r5, r5, r4, lsl #8
    add     r4, r4, r4, lsl #16
    mov     r6, r4
    mov     r7, r5
    mov     r8, r4
    mov     r9, r5
    .endm

#include "spkl_rows_thumb2.inc"
