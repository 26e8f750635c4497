/*
 * Cortex-M0, M0+: four neurons a pass, 23 instructions each, 21 where none
 * falls below v_min. The leak is v's upper half times decay and the upper half
 * of its lower half times decay. One by one go the first neurons, until nobody
 * asks whether one has changed and those that are left are fours. Stack: 108
 * bytes.
 *
 * Semantics 3.3. |in 2^f + bias| <= V_MAX and |D(v)| <= V_MAX, so their sum w
 * fits in a word before it is clamped. It is clamped only where it is found
 * above fire_above or below v_min, which hold for all that is outside +-V_MAX.
 */
    .syntax unified
    .thumb

#include "spkl_lif_record.inc"
#include "spkl_thumb1.inc"

    /* Shifts that bring bits of flags into sign, and carry */
    .equ CALM, 1
    .equ RESET_KIND, 24     /* set, subtract */
    .equ RESET_TIME, 22     /* before the leak, in the next tick */

    /* Stack */
    .equ P, 0
    .equ CHANGED, 4
    .equ V_END, 8
    .equ OLD, 12            /* v before the update */
    .equ FIRED, 16
    .equ V, 20
    .equ FLAGS, 24
    .equ RESET, 28
    .equ RESET_STEP, 32
    .equ BIAS, 36
    .equ BIASES, 40         /* four copies, where one holds for all */
    .equ ABOVES, 56
    .equ FRAME, 72

    /* r4 = D(v in r4), through r5 */
    .macro leak
    asrs    r5, r4, #16
    uxth    r4, r4
    muls    r5, r6
    muls    r4, r6
    lsrs    r4, r4, #16
    adds    r4, r4, r5
    .endm

    /* r4 += in 2^f, through r5 and r7 */
    .macro add_input
    ldm     r1!, {r5}
    mov     r7, r10
    lsls    r5, r7
    adds    r4, r4, r5
    .endm

    /* Update the neuron at r0, whose parameters are `at` behind r2 and r3. */
    .macro neuron name, at, calm=0
    ldr     r7, [r3, #\at]
    ldr     r4, [r0]
    mov     r12, r7
    cmp     r4, r7
    bgt     .Llate_\name
.Lleak_\name:
    leak
    add_input
    ldr     r5, [r2, #\at]
    adds    r4, r4, r5
.Lsummed_\name:
    cmp     r4, r12
    bgt     .Lfire_\name
.Lfired_\name:
    .if \calm == 0
    cmp     r4, r11
    blt     .Llow_\name
.Lstore_\name:
    .endif
    stm     r0!, {r4}
    .endm

    /* What few neurons do, near enough for a branch. */
    .macro rarely name, at, calm=0
.Llate_\name:
    movs    r5, #\at
    bl      .Llate
    b       .Lleak_\name
    b       .Lsummed_\name
.Lfire_\name:
    bl      .Lfire
    b       .Lfired_\name
    .if \calm == 0
.Llow_\name:
    bl      .Llow
    b       .Lstore_\name
    .endif
    .endm

    /* Load a parameter: `pointer` leads to four copies where one holds for
     * all; `step` is the bytes to the next neuron's. */
    .macro parameter at, pointer, step, copies
    ldr     \pointer, [r0, #\at]
    ldr     r4, [r0, #\at + 4]
    lsls    r4, r4, #2
    mov     \step, r4
    bne     1f
    ldr     r4, [\pointer]
    str     r4, [sp, #\copies]
    str     r4, [sp, #\copies + 4]
    str     r4, [sp, #\copies + 8]
    str     r4, [sp, #\copies + 12]
    add     \pointer, sp, #\copies
1:
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
    ldr     r4, [r0, #P_FLAGS]
    str     r4, [sp, #FLAGS]
    ldr     r4, [r0, #P_RESET]
    str     r4, [sp, #RESET]
    ldr     r4, [r0, #P_RESET + 4]
    str     r4, [sp, #RESET_STEP]
    ldr     r7, [r0, #P_V]
    str     r7, [sp, #V]
    ldr     r4, [r0, #P_N]
    lsls    r4, r4, #2
    adds    r4, r4, r7
    str     r4, [sp, #V_END]
    ldr     r4, [r0, #P_FIRED]
    str     r4, [sp, #FIRED]
    ldrh    r4, [r0, #P_FRAC]
    mov     r10, r4
    ldr     r6, [r0, #P_DECAY]
    ldr     r6, [r6]
    ldr     r4, [r0, #P_MIN + 4]
    cmp     r4, #0
    ldr     r5, [r0, #P_MIN]
    ldr     r5, [r5]
    beq     1f
    movs    r5, #0          /* one each: below 0 is near enough to look */
1:  mov     r11, r5
    ldr     r1, [r0, #P_IN]
    parameter P_BIAS, r2, r8, BIASES
    parameter P_ABOVE, r3, r9, ABOVES
    movs    r0, r7
    b       .Lcheck

    /* r0 v, r1 in, r2 bias, r3 fire_above, r6 decay, r8 and r9 steps of r2 and
     * r3, r10 f, r11 v_min, r12 the neuron's fire_above */
.Lone:
    ldr     r4, [r0]
    str     r4, [sp, #OLD]
    neuron  one, 0
    add     r2, r8
    add     r3, r9
    ldr     r7, [sp, #CHANGED]
    ldr     r5, [sp, #OLD]
    cmp     r4, r5
    beq     .Lcheck
    movs    r4, #1
    strb    r4, [r7]
.Lcheck:
    ldr     r5, [sp, #V_END]
    subs    r5, r5, r0
    beq     2f
    lsls    r5, r5, #28
    bne     .Lone
    ldr     r7, [sp, #CHANGED]
    ldrb    r7, [r7]
    cmp     r7, #0
    beq     .Lone
    add     r8, r8
    add     r8, r8
    add     r9, r9
    add     r9, r9
    ldr     r4, [sp, #FLAGS]
    lsls    r4, r4, #CALM
    bmi     3f
    b       .Lfour
2:  b       .Lend
3:  b       .Lcalm
    rarely  one, 0
    rarely  0, 0
    rarely  1, 4
.Lfour:
    neuron  0, 0
    neuron  1, 4
    neuron  2, 8
    neuron  3, 12
    add     r2, r8
    add     r3, r9
    ldr     r5, [sp, #V_END]
    cmp     r0, r5
    bne     .Lfour
    b       .Lend
    rarely  2, 8
    rarely  3, 12
    rarely  4, 0, 1
    rarely  5, 4, 1
.Lcalm:
    neuron  4, 0, 1
    neuron  5, 4, 1
    neuron  6, 8, 1
    neuron  7, 12, 1
    add     r2, r8
    add     r3, r9
    ldr     r5, [sp, #V_END]
    cmp     r0, r5
    bne     .Lcalm

    /* Zero all inputs: up to r1. */
.Lend:
    ldr     r6, [sp, #P]
    ldr     r0, [r6, #P_IN]
    movs    r2, #0
    movs    r3, #0
    movs    r4, #0
    movs    r5, #0
    b       2f
1:  stm     r0!, {r2}
2:  subs    r7, r1, r0
    lsls    r7, r7, #27
    bne     1b
    cmp     r0, r1
    beq     4f
3:  stm     r0!, {r2-r5}
    stm     r0!, {r2-r5}
    cmp     r0, r1
    bne     3b
4:  ldr     r0, [sp, #FIRED]
    ldr     r1, [r6, #P_FIRED]
    subs    r0, r0, r1
    lsrs    r0, r0, #1
    add     sp, #FRAME
    return_all
    rarely  6, 8, 1
    rarely  7, 12, 1

    /* v in r4 is above fire_above; r5 is `at`. A reset behind the leak returns
     * to the second branch, with the sum. */
.Llate:
    ldr     r7, [sp, #FLAGS]
    lsls    r7, r7, #RESET_TIME
    bpl     .Lreturn
    bcs     .Lreset
    ldr     r7, [r2, r5]
    str     r7, [sp, #BIAS]
    leak
    add_input
    ldr     r5, [sp, #BIAS]
    adds    r4, r4, r5
    mov     r5, lr
    adds    r5, #2
    mov     lr, r5
    ldr     r5, v_max
    cmp     r4, r5
    ble     1f
    mov     r4, r5
1:  rsbs    r5, r5, #0
    cmp     r4, r5
    bge     .Lreset
    mov     r4, r5
    b       .Lreset

    /* w in r4 is above fire_above. */
.Lfire:
    ldr     r5, v_max
    cmp     r4, r5
    ble     1f
    mov     r4, r5
    cmp     r4, r12
    beq     .Lreturn
1:  ldr     r5, [sp, #V]
    subs    r5, r0, r5
    lsrs    r5, r5, #2
    ldr     r7, [sp, #FIRED]
    strh    r5, [r7]
    adds    r7, #2
    str     r7, [sp, #FIRED]
    ldr     r7, [sp, #FLAGS]
    lsls    r7, r7, #RESET_TIME
    bmi     .Lreturn

    /* r4 = clamp(R(r4)), for |r4| <= V_MAX */
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
    bpl     .Lreturn
    subs    r4, r4, r5
    ldr     r5, v_max
    rsbs    r5, r5, #0
    cmp     r4, r5
    bge     .Lreturn
1:  mov     r4, r5
.Lreturn:
    bx      lr

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
    bge     .Lreturn
    mov     r4, r5
    bx      lr

    .balign 4
v_max:
    .word   0x3FFFFFFF
    .size   spkl_lif_tick_plain_s32, . - spkl_lif_tick_plain_s32
