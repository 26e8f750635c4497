/*
 * Cortex-M0, M0+: as requantise_relu_s8.S for the size u of a sum, with its
 * sign: halves of the first rounding go up, so that 1 is taken off what is
 * shifted where the sum is below 0. Stack: 36 bytes.
 */
    .syntax unified
    .thumb

#include "spkl_thumb1.inc"

    /* struct spkl_outputs */
    .equ CHANNELS, 0
    .equ OFFSET, 4
    .equ OUT_ZERO, 8

    .section .text.spkl_requantise_full_s8, "ax", %progbits
    .global spkl_requantise_full_s8
    .type   spkl_requantise_full_s8, %function
    .balign 4
    .thumb_func
spkl_requantise_full_s8:
    save_all
    lsls    r2, r2, #2
    adds    r2, r2, r1
    mov     r9, r2
    ldr     r4, [r3, #OFFSET]
    mov     r8, r4
    ldr     r4, [r3, #OUT_ZERO]
    mov     r11, r4
    ldr     r3, [r3, #CHANNELS]
    /* r12: -1 of a sum below 0, else 0. */
.Lone:
    ldmia   r3!, {r4-r6}
    ldmia   r1!, {r7}
    adds    r4, r4, r7
    add     r4, r8
    asrs    r7, r4, #31
    mov     r12, r7
    eors    r4, r7
    subs    r4, r4, r7
    mvns    r6, r6
    lsrs    r2, r4, #16
    bne     .Llarge
    movs    r2, #0
    cmp     r6, #15
    bhi     .Lput
    uxth    r2, r5
    muls    r2, r4, r2
    uxth    r7, r7
    adds    r2, r2, r7
    lsrs    r2, r2, #16
    add     r2, r12
    lsrs    r5, r5, #16
    muls    r5, r4, r5
    adds    r2, r2, r5
    movs    r7, #2
    lsls    r7, r7, r6
    adds    r7, #1
    lsls    r7, r7, #14
    adds    r2, r2, r7
    adds    r6, #16
    lsrs    r2, r2, r6
.Lput:
    mov     r7, r12
    eors    r2, r7
    subs    r2, r2, r7
    add     r2, r11
    sxtb    r7, r2
    cmp     r7, r2
    bne     .Lclamp
1:  strb    r7, [r0]
    adds    r0, #1
    cmp     r1, r9
    bne     .Lone
    return_all
.Lclamp:
    asrs    r7, r2, #31
    movs    r2, #127
    eors    r7, r2
    b       1b

.Llarge:
    mov     r10, r6
    uxth    r7, r5
    lsrs    r5, r5, #16
    uxth    r4, r4
    mov     r6, r2
    muls    r6, r7, r6
    muls    r2, r5, r2
    muls    r5, r4, r5
    muls    r4, r7, r4
    adds    r5, r5, r6
    lsls    r6, r5, #16
    lsrs    r5, r5, #16
    adds    r4, r4, r6
    adcs    r2, r5
    movs    r6, #1
    lsls    r6, r6, #30
    add     r6, r12
    movs    r5, #0
    adds    r4, r4, r6
    adcs    r2, r5
    lsrs    r4, r4, #31
    lsls    r2, r2, #1
    adds    r4, r4, r2
    mov     r6, r10
    lsrs    r4, r4, r6
    adds    r4, #1
    lsrs    r2, r4, #1
    b       .Lput
    .size   spkl_requantise_full_s8, . - spkl_requantise_full_s8
