/* Cortex-M4, M33: from the last to the first, which are read before they are
 * written. Stack: 32 bytes. */
    .syntax unified
    .thumb

    .macro eight
    ldmdb   r2!, {r4-r7}
    asr     r11, r7, #16
    asr     r10, r6, #16
    sxth    r9, r7
    sxth    r8, r6
    asr     r7, r5, #16
    asr     r6, r4, #16
    sxth    r5, r5
    sxth    r4, r4
    stmdb   r0!, {r4-r11}
    .endm

    .section .text.spkl_widen_pixels_s16_s32, "ax", %progbits
    .global spkl_widen_pixels_s16_s32
    .type   spkl_widen_pixels_s16_s32, %function
    .balign 4
    .thumb_func
spkl_widen_pixels_s16_s32:
    push    {r4-r11}
    add     r2, r0, r1, lsl #1
    add     r0, r0, r1, lsl #2
1:  eight
    eight
    subs    r1, #16
    bne     1b
    pop     {r4-r11}
    bx      lr
    .size   spkl_widen_pixels_s16_s32, . - spkl_widen_pixels_s16_s32
