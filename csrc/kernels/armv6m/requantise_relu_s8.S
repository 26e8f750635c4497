/*
 * Cortex-M0, M0+: the product of a sum x below 2^16 and a multiplier m takes two
 * multiplications. With c = (2^e + 1) 2^14, e = -shift,
 *     y = (x m + 2^30 (2^e + 1)) >> (31 + e)
 *       = (x (m >> 16) + (x (m & 0xFFFF) >> 16) + c) >> (15 + e)
 * is the output above -128, both roundings done; for 1 <= e <= 16 nothing
 * overflows. For other e it is 0: a multiplier of 0, or an e that is too large
 * for such an x. Stack: 36 bytes (docs/explanation/graded-kernels.md, 6).
 */
    .syntax unified
    .thumb

    /* struct spkl_outputs */
    .equ CHANNELS, 0
    .equ OFFSET, 4

    .section .text.spkl_requantise_relu_s8, "ax", %progbits
    .global spkl_requantise_relu_s8
    .type   spkl_requantise_relu_s8, %function
    .balign 4
    .thumb_func
spkl_requantise_relu_s8:
    push    {r4-r7, lr}
    mov     r4, r8
    mov     r5, r9
    mov     r6, r10
    push    {r4-r6}
    lsls    r2, r2, #2
    adds    r2, r2, r1
    mov     r9, r2
    ldr     r4, [r3, #OFFSET]
    mov     r8, r4
    ldr     r3, [r3, #CHANNELS]
.Lone:
    ldmia   r3!, {r4-r6}
    ldmia   r1!, {r7}
    adds    r4, r4, r7
    add     r4, r8
    cmp     r4, #0
    ble     .Lzero
    mvns    r6, r6
    lsrs    r7, r4, #16
    bne     .Llarge
    cmp     r6, #15
    bhi     .Lzero
    uxth    r7, r5
    muls    r7, r4, r7
    lsrs    r7, r7, #16
    lsrs    r5, r5, #16
    muls    r5, r4, r5
    adds    r5, r5, r7
    movs    r7, #2
    lsls    r7, r7, r6
    adds    r7, #1
    lsls    r7, r7, #14
    adds    r5, r5, r7
    adds    r6, #16
    lsrs    r5, r5, r6
.Lput:
    cmp     r5, #255
    bhi     .Lfull
    subs    r5, #128
    strb    r5, [r0]
    adds    r0, #1
    cmp     r1, r9
    bne     .Lone
.Lend:
    pop     {r4-r6}
    mov     r8, r4
    mov     r9, r5
    mov     r10, r6
    pop     {r4-r7, pc}
.Lzero:
    movs    r5, #128
    strb    r5, [r0]
    adds    r0, #1
    cmp     r1, r9
    bne     .Lone
    b       .Lend
.Lfull:
    movs    r5, #127
    strb    r5, [r0]
    adds    r0, #1
    cmp     r1, r9
    bne     .Lone
    b       .Lend

    /* x has two halves: r4 and r7. The product's words to r4, r7. */
.Llarge:
    mov     r10, r6
    uxth    r2, r5
    lsrs    r5, r5, #16
    uxth    r4, r4
    mov     r6, r7
    muls    r6, r2, r6
    muls    r7, r5, r7
    muls    r5, r4, r5
    muls    r4, r2, r4
    adds    r5, r5, r6
    lsls    r6, r5, #16
    lsrs    r5, r5, #16
    adds    r4, r4, r6
    adcs    r7, r5
    movs    r6, #1
    lsls    r6, r6, #30
    movs    r5, #0
    adds    r4, r4, r6
    adcs    r7, r5
    lsrs    r4, r4, #31
    lsls    r7, r7, #1
    adds    r4, r4, r7
    mov     r6, r10
    lsrs    r4, r4, r6
    adds    r4, #1
    lsrs    r5, r4, #1
    b       .Lput
    .size   spkl_requantise_relu_s8, . - spkl_requantise_relu_s8
