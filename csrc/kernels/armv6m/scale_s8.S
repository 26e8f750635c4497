/*
 * Cortex-M0, M0+: outputs by the upper 15 bits of a multiplier and of a sum.
 * With m = (upper + a) 2^47 and |x| = (u + b) 2^k, 0 <= a, b < 1 and u below
 * 2^15, graded 1.6 gives
 *     (x m / 2^(47 + k) + 2^(n - 1)) >> n,  n = s - 47 - k
 * and |x| m / 2^(47 + k) lies between t = u upper and t + u + upper + 1, without
 * k between t and t + u: where both make the same output, that is the output.
 * Others take the whole product. Stack: 56 bytes.
 *
 * No overflow: t + u + upper + 1 < 2^30 + 2^16. Of the whole product, of 94
 * bits, (|x| m + 2^(s - 1) - negative) >> s is the size of the output; of 0 it
 * is 0.
 */
    .syntax unified
    .thumb

#include "spkl_thumb1.inc"

    /* struct spkl_outputs */
    .equ CHANNELS, 0
    .equ OFFSET, 4
    .equ OUT_ZERO, 8
    .equ ACT_MIN, 12
    .equ ACT_MAX, 16

    /* struct spkl_dense_record */
    .equ BIAS, 0
    .equ LOW, 4
    .equ HIGH, 8
    .equ SHIFT, 12
    .equ RECORD, 16

    /* Registers: r0 outputs, r1 sums, r2 records, r3 the size of a sum and what
     * becomes of it, r4 -1 of a sum below 0, else 0, r5 t + u, r6 upper, r7
     * n - 1. r8 the offset, r9 the end of the sums, r10 the zero point, r11 and
     * r12 the least and the largest output. */

    .section .text.spkl_scale_s8, "ax", %progbits
    .global spkl_scale_s8
    .type   spkl_scale_s8, %function
    .balign 4
    .thumb_func
spkl_scale_s8:
    save_all
    lsls    r2, r2, #2
    adds    r2, r2, r1
    mov     r9, r2
    ldr     r4, [r3, #OFFSET]
    mov     r8, r4
    ldr     r4, [r3, #OUT_ZERO]
    mov     r10, r4
    ldr     r4, [r3, #ACT_MIN]
    mov     r11, r4
    ldr     r4, [r3, #ACT_MAX]
    mov     r12, r4
    ldr     r2, [r3, #CHANNELS]
.Lone:
    ldmia   r2!, {r4, r5, r6, r7}
    ldmia   r1!, {r3}
    adds    r3, r3, r4
    add     r3, r8
    asrs    r4, r3, #31
    bmi     .Lnegative
.Lsize:
    subs    r7, #48
    lsrs    r6, r6, #15
    lsrs    r5, r3, #15
    bne     .Llarge
    movs    r5, r3
.Lboth:
    muls    r3, r6, r3
    cmp     r7, #28
    bhi     .Lexactly
    adds    r5, r5, r3
    eors    r3, r4
    subs    r3, r3, r4
    eors    r5, r4
    subs    r5, r5, r4
    asrs    r3, r7
    adds    r3, #1
    asrs    r3, r3, #1
    asrs    r5, r7
    adds    r5, #1
    asrs    r5, r5, #1
    cmp     r3, r5
    bne     .Lexactly
.Lput:
    add     r3, r10
    cmp     r3, r11
    blt     .Lleast
    cmp     r3, r12
    bgt     .Llargest
1:  strb    r3, [r0]
    adds    r0, #1
    cmp     r1, r9
    bne     .Lone
    return_all
.Llargest:
    mov     r3, r12
    b       1b
.Lnegative:
    cmp     r10, r11
    beq     .Lleast
    eors    r3, r4
    subs    r3, r3, r4
    b       .Lsize
.Lleast:
    mov     r3, r11
    b       1b
.Llarge:
    subs    r7, #1
    lsrs    r3, r3, #1
    lsrs    r5, r3, #15
    bne     .Llarge
    adds    r5, r3, r6
    adds    r5, #1
    b       .Lboth

.Lexactly:
    push    {r0, r1, r2, r4}
    subs    r1, #4
    subs    r2, #RECORD
    ldr     r3, [r1]
    ldr     r5, [r2, #BIAS]
    adds    r3, r3, r5
    add     r3, r8
    eors    r3, r4
    subs    r3, r3, r4
    ldr     r0, [r2, #LOW]
    bl      .Lproduct
    /* 1 is taken off above the low word if it is 0. */
    cmp     r0, #0
    beq     1f
    movs    r4, #0
1:  push    {r1}
    ldr     r0, [r2, #HIGH]
    bl      .Lproduct
    pop     {r5}
    adds    r0, r0, r5
    movs    r5, #0
    adcs    r1, r5
    movs    r5, r0
    orrs    r5, r1
    beq     1f
    adds    r0, r0, r4
    adcs    r1, r4
1:  ldr     r5, [r2, #SHIFT]
    subs    r5, #33
    cmp     r5, #32
    blo     1f
    subs    r5, #32
    movs    r0, r1
    movs    r1, #0
1:  movs    r6, r1
    lsrs    r6, r5
    lsrs    r0, r5
    movs    r7, #32
    subs    r7, r7, r5
    lsls    r1, r7
    orrs    r0, r1
    lsrs    r7, r0, #16
    orrs    r6, r7
    beq     2f
    movs    r0, #1
    lsls    r0, r0, #15
2:  adds    r0, #1
    lsrs    r3, r0, #1
    pop     {r0, r1, r2, r4}
    eors    r3, r4
    subs    r3, r3, r4
    b       .Lput

    /* r1:r0 = r0 r3; r5, r6, r7 are free. */
    .balign 4
.Lproduct:
    uxth    r5, r0
    lsrs    r0, r0, #16
    uxth    r6, r3
    lsrs    r7, r3, #16
    movs    r1, r0
    muls    r1, r7, r1
    muls    r7, r5, r7
    muls    r0, r6, r0
    muls    r5, r6, r5
    adds    r0, r0, r7
    movs    r6, #0
    adcs    r6, r6
    lsls    r6, r6, #16
    adds    r1, r1, r6
    lsls    r6, r0, #16
    lsrs    r0, r0, #16
    adds    r5, r5, r6
    adcs    r1, r0
    movs    r0, r5
    bx      lr
    .size   spkl_scale_s8, . - spkl_scale_s8
