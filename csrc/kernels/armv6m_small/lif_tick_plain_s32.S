/*
 * Cortex-M0, M0+: as small as it gets, a neuron at a time. The leak is v's
 * upper half times decay and the upper half of its lower half times decay.
 * Stack: 32 bytes.
 *
 * Semantics 3.3. |in 2^f + bias| <= V_MAX and |D(v)| <= V_MAX, so their sum
 * fits in a word before it is clamped.
 */
    .syntax unified
    .thumb

#include "spkl_lif_record.inc"

    /* Shifts that bring two bits of flags into carry and sign */
    .equ RESET_KIND, 24     /* set, subtract */
    .equ RESET_TIME, 22     /* before the leak, in the next tick */

    /* Stack */
    .equ FIRED, 0
    .equ CHANGED, 4

    /* When a reset is: carry and sign, through r0 */
    .macro reset_time
    ldr     r0, [r6, #P_FLAGS]
    lsls    r0, r0, #RESET_TIME
    .endm

    .macro parameter at
    movs    r0, #\at
    bl      .Lparameter
    .endm

    .section .text.spkl_lif_tick_plain_s32, "ax", %progbits
    .global spkl_lif_tick_plain_s32
    .type   spkl_lif_tick_plain_s32, %function
    .balign 4
    .thumb_func
    /* r4 fire_above, r5 v, r6 the population, r7 four times the neuron, r12 v
     * before the update */
spkl_lif_tick_plain_s32:
    push    {r4-r7, lr}
    movs    r6, r0
    movs    r7, #0
    strb    r7, [r1]
    ldr     r0, [r6, #P_FIRED]
    push    {r0, r1}
.Lneuron:
    parameter P_ABOVE
    movs    r4, r0
    ldr     r5, [r6, #P_V]
    ldr     r5, [r5, r7]
    mov     r12, r5
    cmp     r5, r4
    ble     1f
    reset_time
    bpl     1f
    bcc     1f
    bl      .Lreset
1:  ldr     r0, [r6, #P_DECAY]
    ldr     r0, [r0]
    asrs    r1, r5, #16
    uxth    r5, r5
    muls    r1, r0
    muls    r5, r0
    lsrs    r5, r5, #16
    adds    r5, r5, r1
    ldr     r2, [r6, #P_IN]
    ldr     r1, [r2, r7]
    movs    r0, #0
    str     r0, [r2, r7]
    ldrh    r0, [r6, #P_FRAC]
    lsls    r1, r0
    adds    r5, r5, r1
    parameter P_BIAS
    adds    r5, r5, r0
    bl      .Lclamp
    cmp     r12, r4
    ble     2f
    reset_time
    bpl     2f
    bcs     2f
    bl      .Lreset
2:  cmp     r5, r4
    ble     3f
    lsrs    r0, r7, #2
    ldr     r1, [sp, #FIRED]
    strh    r0, [r1]
    adds    r1, #2
    str     r1, [sp, #FIRED]
    reset_time
    bmi     3f
    bl      .Lreset
3:  parameter P_MIN
    cmp     r5, r0
    bge     4f
    movs    r5, r0
4:  ldr     r0, [r6, #P_V]
    str     r5, [r0, r7]
    cmp     r5, r12
    beq     5f
    ldr     r1, [sp, #CHANGED]
    movs    r0, #1
    strb    r0, [r1]
5:  adds    r7, #4
    ldr     r0, [r6, #P_N]
    lsls    r0, r0, #2
    cmp     r7, r0
    bne     .Lneuron
    pop     {r0, r1}
    ldr     r1, [r6, #P_FIRED]
    subs    r0, r0, r1
    lsrs    r0, r0, #1
    pop     {r4-r7, pc}

    /* r5 = R(r5), and the same without a reset: v less 0 */
.Lreset:
    push    {lr}
    parameter P_RESET
    ldr     r1, [r6, #P_FLAGS]
    lsls    r1, r1, #RESET_KIND
    bcs     2f
    b       1f
.Lclamp:
    push    {lr}
    movs    r0, #0
1:  subs    r5, r5, r0
    ldr     r0, v_max
    cmp     r5, r0
    bgt     2f
    rsbs    r0, r0, #0
    cmp     r5, r0
    bge     3f
2:  movs    r5, r0
3:  pop     {pc}

    /* r0 = the neuron's parameter that is so far behind the population,
     * through r1 */
.Lparameter:
    adds    r0, r0, r6
    ldr     r1, [r0, #4]
    muls    r1, r7
    ldr     r0, [r0]
    ldr     r0, [r0, r1]
    bx      lr
    .balign 4
v_max:
    .word   0x3FFFFFFF
    .size   spkl_lif_tick_plain_s32, . - spkl_lif_tick_plain_s32
