/*
 * RV32IM: eight neurons a pass, 14 instructions each, 13 where none falls
 * below v_min; the leak is one MULHSU. One by one go the first neurons, until
 * nobody asks whether one has changed and those that are left are fours, and
 * all where nothing leaks. Four that are left begin in the middle of a pass.
 * Stack: 128 bytes.
 *
 * Semantics 3.3. |in 2^f + bias| <= V_MAX and |D(v)| <= V_MAX, so their sum w
 * fits in a word before it is clamped. It is clamped only where it is found
 * above fire_above or below v_min, which hold for all that is outside +-V_MAX.
 */
    .option norelax

#include "spkl_lif_record.inc"

    /* Flags */
    .equ RESET_NEXT, 512
    .equ RESET_BEFORE, 1024
    .equ TO_SIGN, 23        /* a shift that makes of a reset that sets a sign */
    .equ CALM, 1            /* and of what is calm */

    /* Stack: eight copies of a parameter, where one holds for all */
    .equ BIASES, 48
    .equ ABOVES, 80
    .equ IS_CALM, 112       /* below 0: so it is */
    .equ FRAME, 128

    /* Update a neuron that is `at` behind the pointers. */
    .macro neuron name, at, leaky, calm=0
    lw      s0, \at(a2)
    lw      s1, \at(a5)
    blt     s1, s0, .Llate_\name
.Lleak_\name:
    .if \leaky == 0
    beqz    s11, 1f
    .endif
    mulhsu  s0, s0, a6
1:  lw      a0, \at(a3)
    lw      a1, \at(a4)
    sw      zero, \at(a3)
    sll     a0, a0, a7
    add     a1, a1, a0
    add     s0, s0, a1
.Lsummed_\name:
    blt     s1, s0, .Lfire_\name
.Lfired_\name:
    .if \calm == 0
    blt     s0, t2, .Llow_\name
    .endif
.Lstore_\name:
    sw      s0, \at(a2)
    .endm

    /* What few neurons do. The jumps behind .Llate have 4 bytes each. */
    .macro rarely name, at, calm=0
.Llate_\name:
    li      a0, \at
    jalr    t0, s7
    .option push
    .option norvc
    j       .Lleak_\name
    j       .Lsummed_\name
    .option pop
.Lfire_\name:
    li      a0, \at
    jal     t0, .Lfire
    j       .Lfired_\name
    .if \calm == 0
.Llow_\name:
    li      a0, \at
    jal     t0, .Llow
    j       .Lstore_\name
    .endif
    .endm

    /* Load a parameter: `pointer` leads to copies where one holds for all;
     * `step` is the bytes to the next neuron's. */
    .macro parameter at, pointer, step, copies
    lw      \pointer, \at(s2)
    lw      \step, \at + 4(s2)
    slli    \step, \step, 2
    bnez    \step, 1f
    lw      a0, 0(\pointer)
    addi    \pointer, sp, \copies
    sw      a0, 0(\pointer)
    sw      a0, 4(\pointer)
    sw      a0, 8(\pointer)
    sw      a0, 12(\pointer)
    sw      a0, 16(\pointer)
    sw      a0, 20(\pointer)
    sw      a0, 24(\pointer)
    sw      a0, 28(\pointer)
1:
    .endm

    .section .text.spkl_lif_tick_plain_s32, "ax", @progbits
    .globl  spkl_lif_tick_plain_s32
    .type   spkl_lif_tick_plain_s32, @function
    .balign 4
spkl_lif_tick_plain_s32:
    addi    sp, sp, -FRAME
    sw      s0, 0(sp)
    sw      s1, 4(sp)
    sw      s2, 8(sp)
    sw      s3, 12(sp)
    sw      s4, 16(sp)
    sw      s5, 20(sp)
    sw      s6, 24(sp)
    sw      s7, 28(sp)
    sw      s8, 32(sp)
    sw      s9, 36(sp)
    sw      s10, 40(sp)
    sw      s11, 44(sp)
    mv      s2, a0
    mv      s9, a1
    li      s3, 0x3FFFFFFF      /* V_MAX */
    lw      t1, P_FIRED(s2)
    lw      s4, P_V(s2)
    lw      s5, P_RESET + 4(s2)
    lw      s6, P_RESET(s2)
    lw      t6, P_FLAGS(s2)
    la      s7, .Lreturn        /* what is done with a v above fire_above */
    slli    t5, t6, CALM
    sw      t5, IS_CALM(sp)
    andi    s10, t6, RESET_NEXT
    beqz    s10, 1f
    la      s7, .Llate_before
    andi    a0, t6, RESET_BEFORE
    bnez    a0, 1f
    la      s7, .Llate_behind
1:  slli    t6, t6, TO_SIGN
    lhu     a7, P_FRAC(s2)
    lw      t3, P_N(s2)
    slli    t3, t3, 2
    add     t3, t3, s4
    lw      a6, P_DECAY(s2)
    lw      a6, 0(a6)
    srli    s11, a6, 16
    xori    s11, s11, 1         /* 0: the decay 2^16, which keeps v */
    slli    a6, a6, 16
    lw      t2, P_MIN + 4(s2)
    snez    t2, t2
    addi    t2, t2, -1          /* one each: below 0 is near enough to look */
    lw      a0, P_MIN(s2)
    lw      a0, 0(a0)
    and     t2, t2, a0
    parameter P_BIAS, a4, t4, BIASES
    parameter P_ABOVE, a5, t5, ABOVES
    mv      a2, s4
    lw      a3, P_IN(s2)
    j       .Lcheck

    /* a2 v, a3 in, a4 bias, a5 fire_above, a6 decay 2^16, a7 f, t1 fired, t2
     * v_min, t3 end, t4 and t5 steps of a4 and a5, t6 below 0: a reset sets,
     * s0 the neuron's v, s1 its fire_above, s4 first v, s5 step of s6, s6
     * reset, s7 a late reset, s9 changed, s10 whether resets are late, s11
     * whether there is a leak */
.Lone:
    lw      s8, 0(a2)
    neuron  one, 0, 0
    addi    a2, a2, 4
    addi    a3, a3, 4
    add     a4, a4, t4
    add     a5, a5, t5
    beq     s0, s8, .Lcheck
    li      a0, 1
    sb      a0, 0(s9)
.Lcheck:
    beq     a2, t3, .Lend
    sub     a0, t3, a2
    andi    a0, a0, 15
    bnez    a0, .Lone
    lbu     a0, 0(s9)
    and     a0, a0, s11
    beqz    a0, .Lone
    slli    t4, t4, 3
    slli    t5, t5, 3
    lw      a1, IS_CALM(sp)
    sub     a0, t3, a2
    andi    a0, a0, 16
    beqz    a0, 2f
    addi    a2, a2, -16
    addi    a3, a3, -16
    srli    a0, t4, 1
    sub     a4, a4, a0
    srli    a0, t5, 1
    sub     a5, a5, a0
    bltz    a1, .Lmiddle_calm
    j       .Lmiddle
2:  bltz    a1, .Leight_calm
.Leight:
    neuron  0, 0, 1
    neuron  1, 4, 1
    neuron  2, 8, 1
    neuron  3, 12, 1
.Lmiddle:
    neuron  4, 16, 1
    neuron  5, 20, 1
    neuron  6, 24, 1
    neuron  7, 28, 1
    addi    a2, a2, 32
    addi    a3, a3, 32
    add     a4, a4, t4
    add     a5, a5, t5
    bne     a2, t3, .Leight
    j       .Lend
.Leight_calm:
    neuron  8, 0, 1, 1
    neuron  9, 4, 1, 1
    neuron  10, 8, 1, 1
    neuron  11, 12, 1, 1
.Lmiddle_calm:
    neuron  12, 16, 1, 1
    neuron  13, 20, 1, 1
    neuron  14, 24, 1, 1
    neuron  15, 28, 1, 1
    addi    a2, a2, 32
    addi    a3, a3, 32
    add     a4, a4, t4
    add     a5, a5, t5
    bne     a2, t3, .Leight_calm
.Lend:
    lw      a0, P_FIRED(s2)
    sub     a0, t1, a0
    srli    a0, a0, 1
    lw      s0, 0(sp)
    lw      s1, 4(sp)
    lw      s2, 8(sp)
    lw      s3, 12(sp)
    lw      s4, 16(sp)
    lw      s5, 20(sp)
    lw      s6, 24(sp)
    lw      s7, 28(sp)
    lw      s8, 32(sp)
    lw      s9, 36(sp)
    lw      s10, 40(sp)
    lw      s11, 44(sp)
    addi    sp, sp, FRAME
    ret

    rarely  one, 0
    rarely  0, 0
    rarely  1, 4
    rarely  2, 8
    rarely  3, 12
    rarely  4, 16
    rarely  5, 20
    rarely  6, 24
    rarely  7, 28
    rarely  8, 0, 1
    rarely  9, 4, 1
    rarely  10, 8, 1
    rarely  11, 12, 1
    rarely  12, 16, 1
    rarely  13, 20, 1
    rarely  14, 24, 1
    rarely  15, 28, 1

    /* v in s0 is above fire_above; a0 is `at`. A reset behind the leak returns
     * to the second jump, with the sum. */
.Llate_behind:
    beqz    s11, 1f
    mulhsu  s0, s0, a6
1:  add     a1, a4, a0
    lw      a1, 0(a1)
    add     s0, s0, a1
    add     a0, a0, a3
    lw      a1, 0(a0)
    sw      zero, 0(a0)
    sub     a0, a0, a3
    sll     a1, a1, a7
    add     s0, s0, a1
    addi    t0, t0, 4
    ble     s0, s3, 2f
    mv      s0, s3
2:  neg     a1, s3
    bge     s0, a1, .Llate_before
    mv      s0, a1
.Llate_before:
    add     a0, a0, a2
    sub     a0, a0, s4
    j       .Lreset

    /* w in s0 is above fire_above; a0 is `at`. */
.Lfire:
    ble     s0, s3, 1f
    mv      s0, s3
    ble     s0, s1, .Lreturn
1:  add     a0, a0, a2
    sub     a0, a0, s4
    srli    a1, a0, 2
    sh      a1, 0(t1)
    addi    t1, t1, 2
    bnez    s10, .Lreturn

    /* s0 = clamp(R(s0)) of the neuron at s4 + a0, for |s0| <= V_MAX. Without a
     * reset 0 is subtracted. */
.Lreset:
    mul     a0, a0, s5
    add     a0, a0, s6
    lw      a0, 0(a0)
    bltz    t6, 1f
    sub     s0, s0, a0
    neg     a0, s3
    bge     s0, a0, .Lreturn
1:  mv      s0, a0
.Lreturn:
    jr      t0

    /* w in s0 is below v_min, or v_min is not the same for all; a0 is `at`. */
.Llow:
    add     a0, a0, a2
    sub     a0, a0, s4
    lw      a1, P_MIN + 4(s2)
    mul     a0, a0, a1
    lw      a1, P_MIN(s2)
    add     a0, a0, a1
    lw      a0, 0(a0)
    bge     s0, a0, .Lreturn
    mv      s0, a0
    jr      t0
    .size   spkl_lif_tick_plain_s32, . - spkl_lif_tick_plain_s32
