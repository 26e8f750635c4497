/*
 * Dot products on Cortex-M55 (MVE): sixteen products an instruction. The zero
 * point is taken off by the sum of the weights. Stack: 36 bytes.
 */
    .syntax unified
    .thumb

    /* struct spkl_dot_parameters */
    .equ INPUTS, 4
    .equ OUTPUTS, 8
    .equ IN_ZERO, 12

    .section .text.spkl_dot_rows_s8_s32, "ax", %progbits
    .global spkl_dot_rows_s8_s32
    .type   spkl_dot_rows_s8_s32, %function
    .balign 4
    .thumb_func
spkl_dot_rows_s8_s32:
    push    {r4-r11, lr}
    ldrd    r5, r7, [r3, #INPUTS]
    ldr     r9, [r3, #IN_ZERO]
    rsb     r9, r9, #0
    adds    r3, r5, #3
    bic     r3, r3, #3
    mov     r11, r2
    /* r3 stride, r5 inputs, r7 outputs left, r9 -zero, r11 row */
1:  mov     r4, r1
    mov     r2, r11
    movs    r6, #0
    mov     r8, #0
    dlstp.8 lr, r5
2:  vldrb.u8 q0, [r4], #16
    vldrb.u8 q1, [r2], #16
    vmladava.s8 r6, q0, q1
    vaddva.s8 r8, q1
    letp    lr, 2b
    add     r11, r11, r3
    mla     r6, r8, r9, r6
    str     r6, [r0], #4
    subs    r7, #1
    bne     1b
    pop     {r4-r11, pc}
    .size   spkl_dot_rows_s8_s32, . - spkl_dot_rows_s8_s32
