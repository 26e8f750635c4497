/*
 * Cortex-M4, M33: words of four channels, which may lie anywhere. Stack: 36
 * bytes.
 */
    .syntax unified
    .thumb

    /* struct spkl_taps */
    .equ TAPS, 0
    .equ N_TAPS, 4
    .equ FIRST, 8
    .equ N, 12
    .equ ZERO, 16
    .equ MORE, 24

    .section .text.spkl_sum_taps_s8_s32, "ax", %progbits
    .global spkl_sum_taps_s8_s32
    .type   spkl_sum_taps_s8_s32, %function
    .balign 4
    .thumb_func
spkl_sum_taps_s8_s32:
    push    {r4-r11, lr}
    sub     sp, #8
    str     r1, [sp]
    ldrd    r2, r3, [r1, #FIRST]
    ldr     r12, [r1, #ZERO]
    rsb     r12, r12, #0
    pkhbt   r12, r12, r12, lsl #16
    add     r3, r3, r2
    str     r3, [sp, #4]
    /* Channels from r2 on, sums to r4-r7. */
.Lfour:
    ldr     r1, [sp]
    ldr     r8, [sp, #4]
    ldr     r3, [r1, #MORE]
    subs    r8, r8, r2
    bls     .Ldone
    cmp     r8, #4
    blo     .Lones
    cbz     r3, 1f
    ldm     r0, {r4-r7}
    b       2f
1:  movs    r4, #0
    movs    r5, #0
    movs    r6, #0
    movs    r7, #0
2:  ldrd    r1, r3, [r1, #TAPS]
    add     r3, r1, r3, lsl #3
    cmp     r1, r3
    beq     4f
3:  ldrd    r8, r9, [r1], #8
    ldr     r8, [r8, r2]
    ldr     r9, [r9, r2]
    sxtab16 r10, r12, r8
    sxtb16  r11, r9
    sxtab16 r8, r12, r8, ror #8
    sxtb16  r9, r9, ror #8
    smlabb  r4, r10, r11, r4
    smlabb  r5, r8, r9, r5
    smlatt  r6, r10, r11, r6
    smlatt  r7, r8, r9, r7
    cmp     r1, r3
    bne     3b
4:  stmia   r0!, {r4-r7}
    adds    r2, #4
    b       .Lfour

.Lones:
    ldr     r4, [r0]
    cmp     r3, #0
    it      eq
    moveq   r4, #0
    ldrd    r1, r3, [r1, #TAPS]
    add     r3, r1, r3, lsl #3
    cmp     r1, r3
    beq     4f
3:  ldrd    r8, r9, [r1], #8
    ldrsb   r8, [r8, r2]
    ldrsb   r9, [r9, r2]
    sxtah   r8, r8, r12
    mla     r4, r8, r9, r4
    cmp     r1, r3
    bne     3b
4:  str     r4, [r0], #4
    adds    r2, #1
    b       .Lfour

.Ldone:
    add     sp, #8
    pop     {r4-r11, pc}
    .size   spkl_sum_taps_s8_s32, . - spkl_sum_taps_s8_s32
