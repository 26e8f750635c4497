/*
 * Cortex-M0, M0+: one loop for all, small. The leak is v's upper half times
 * decay and the upper half of its lower half times decay. Stack: 76 bytes.
 *
 * Semantics 3.3. |in 2^f + bias| <= V_MAX and |D(v)| <= V_MAX, so their sum w
 * fits in a word before it is clamped. It is clamped only where it is found
 * above fire_above or below v_min, which hold for all that is outside +-V_MAX.
 */
    .syntax unified
    .thumb

#include "spkl_thumb1.inc"

    /* struct spkl_lif; a parameter is a pointer and a step */
    .equ P_V, 0
    .equ P_IN, 16
    .equ P_FIRED, 20
    .equ P_FLAGS, 28
    .equ P_N, 32
    .equ P_FRAC, 36
    .equ P_DECAY, 40
    .equ P_ABOVE, 64
    .equ P_RESET, 72
    .equ P_BIAS, 80
    .equ P_MIN, 88

    /* Shifts that bring two bits of flags into carry and sign */
    .equ RESET_KIND, 24     /* set, subtract */
    .equ RESET_TIME, 22     /* before the leak, in the next tick */

    /* Stack */
    .equ P, 0
    .equ CHANGED, 4
    .equ V_END, 8
    .equ OLD, 12            /* v before the update */
    .equ FIRED, 16
    .equ ABOVE, 20
    .equ V, 24
    .equ FLAGS, 28
    .equ RESET, 32
    .equ RESET_STEP, 36
    .equ FRAME, 40

    /* r4 = D(v in r4) + in 2^f + bias */
    .macro sum
    asrs    r5, r4, #16
    uxth    r4, r4
    muls    r5, r6
    muls    r4, r6
    lsrs    r4, r4, #16
    adds    r4, r4, r5
    ldr     r5, [r1]
    mov     r7, r10
    muls    r5, r7
    adds    r4, r4, r5
    movs    r5, #0
    stm     r1!, {r5}
    ldr     r5, [r2]
    add     r2, r8
    adds    r4, r4, r5
    .endm

    .section .text.spkl_lif_tick_plain_s32, "ax", %progbits
    .global spkl_lif_tick_plain_s32
    .type   spkl_lif_tick_plain_s32, %function
    .balign 4
    .thumb_func
spkl_lif_tick_plain_s32:
    save_all
    sub     sp, #FRAME
    str     r0, [sp, #P]
    str     r1, [sp, #CHANGED]
    movs    r5, #0
    strb    r5, [r1]
    mov     r7, r0
    ldr     r4, [r7, #P_FLAGS]
    str     r4, [sp, #FLAGS]
    ldr     r4, [r7, #P_RESET]
    str     r4, [sp, #RESET]
    ldr     r4, [r7, #P_RESET + 4]
    str     r4, [sp, #RESET_STEP]
    ldr     r0, [r7, #P_V]
    str     r0, [sp, #V]
    ldr     r4, [r7, #P_N]
    lsls    r4, r4, #2
    adds    r4, r4, r0
    str     r4, [sp, #V_END]
    ldr     r4, [r7, #P_FIRED]
    str     r4, [sp, #FIRED]
    movs    r4, #1
    ldrh    r6, [r7, #P_FRAC]
    lsls    r4, r6
    mov     r10, r4
    ldr     r6, [r7, #P_DECAY]
    ldr     r6, [r6]
    ldr     r4, [r7, #P_MIN + 4]
    cmp     r4, #0
    bne     1f              /* one each: below 0 is near enough to look */
    ldr     r5, [r7, #P_MIN]
    ldr     r5, [r5]
1:  mov     r11, r5
    ldr     r1, [r7, #P_IN]
    ldr     r2, [r7, #P_BIAS]
    ldr     r4, [r7, #P_BIAS + 4]
    lsls    r4, r4, #2
    mov     r8, r4
    ldr     r3, [r7, #P_ABOVE]
    ldr     r4, [r7, #P_ABOVE + 4]
    lsls    r4, r4, #2
    mov     r9, r4

    /* One neuron at a time until one has changed, then all. r0 v, r1 in,
     * r2 bias, r3 fire_above, r6 decay, r8 and r9 steps of r2 and r3, r10 2^f,
     * r11 v_min, r12 end */
.Lone:
    ldr     r4, [r0]
    str     r4, [sp, #OLD]
    adds    r4, r0, #4
.Luntil:
    mov     r12, r4
.Lnext:
    ldr     r7, [r3]
    add     r3, r9
    ldr     r4, [r0]
    cmp     r4, r7
    bgt     .Llate
.Lleak:
    mov     lr, r7
    sum
.Lsummed:
    cmp     r4, lr
    bgt     .Lfire
.Lfired:
    cmp     r4, r11
    blt     .Llow
.Lstore:
    stm     r0!, {r4}
    cmp     r0, r12
    bne     .Lnext
    ldr     r5, [sp, #V_END]
    ldr     r7, [sp, #OLD]
    cmp     r4, r7
    beq     1f
    ldr     r7, [sp, #CHANGED]
    movs    r4, #1
    strb    r4, [r7]
    movs    r4, r5
    cmp     r0, r5
    bne     .Luntil
1:  cmp     r0, r5
    bne     .Lone
    ldr     r0, [sp, #FIRED]
    ldr     r1, [sp, #P]
    ldr     r1, [r1, #P_FIRED]
    subs    r0, r0, r1
    lsrs    r0, r0, #1
    add     sp, #FRAME
    return_all

    /* v in r4 is above fire_above in r7. */
.Llate:
    ldr     r5, [sp, #FLAGS]
    lsls    r5, r5, #RESET_TIME
    bpl     .Lleak
    str     r7, [sp, #ABOVE]
    bcc     1f
    bl      .Lreset
    bl      .Lclamp
    ldr     r7, [sp, #ABOVE]
    b       .Lleak
1:  sum
    bl      .Lclamp
    bl      .Lreset
    ldr     r7, [sp, #ABOVE]
    mov     lr, r7
    b       .Lsummed

    /* w in r4 is above fire_above in lr. */
.Lfire:
    ldr     r5, v_max
    cmp     r4, r5
    ble     1f
    mov     r4, r5
    cmp     r4, lr
    beq     .Lfired
1:  ldr     r5, [sp, #V]
    subs    r5, r0, r5
    lsrs    r5, r5, #2
    ldr     r7, [sp, #FIRED]
    strh    r5, [r7]
    adds    r7, #2
    str     r7, [sp, #FIRED]
    ldr     r5, [sp, #FLAGS]
    lsls    r5, r5, #RESET_TIME
    bmi     .Lfired
    bl      .Lreset
    b       .Lfired

    /* w in r4 is below v_min, or v_min is not the same for all. */
.Llow:
    ldr     r5, [sp, #V]
    subs    r5, r0, r5
    ldr     r7, [sp, #P]
    ldr     r7, [r7, #P_MIN + 4]
    muls    r5, r7
    ldr     r7, [sp, #P]
    ldr     r7, [r7, #P_MIN]
    ldr     r5, [r7, r5]
    cmp     r4, r5
    bge     .Lstore
    mov     r4, r5
    b       .Lstore

    /* r4 = R(r4); not clamped below */
.Lreset:
    ldr     r5, [sp, #V]
    subs    r5, r0, r5
    ldr     r7, [sp, #RESET_STEP]
    muls    r5, r7
    ldr     r7, [sp, #RESET]
    ldr     r5, [r7, r5]
    ldr     r7, [sp, #FLAGS]
    lsls    r7, r7, #RESET_KIND
    bcs     1f
    bpl     2f
    subs    r4, r4, r5
    bx      lr
1:  mov     r4, r5
2:  bx      lr

    /* r4 = clamp(r4) */
.Lclamp:
    ldr     r5, v_max
    cmp     r4, r5
    bgt     1f
    rsbs    r5, r5, #0
    cmp     r4, r5
    bge     2f
1:  mov     r4, r5
2:  bx      lr

    .balign 4
v_max:
    .word   0x3FFFFFFF
    .size   spkl_lif_tick_plain_s32, . - spkl_lif_tick_plain_s32
