/*
 * RV32IMC: eight spikes a pass. From a place of words they are copied and
 * checked two at a time: of 2^15 neurons at most, one that is too large has
 * its upper bit set, or gets it by the addition of 2^15 less the number of
 * neurons. Stack: none.
 */

    /* struct spkl_source */
    .equ NEURONS, 4
    .equ VALUES, 8

    .macro two at
    lw      t0, \at(a1)
    add     t1, t0, t2
    or      t3, t3, t0
    or      t3, t3, t1
    sw      t0, \at(a4)
    sw      a6, \at(a5)
    .endm

    .macro one at
    lhu     t0, \at(a1)
    bgeu    t0, a3, bad
    sh      t0, \at(a4)
    .endm

    /* Eight neurons more. */
    .macro next
    addi    a1, a1, 16
    addi    a4, a4, 16
    addi    a5, a5, 16
    .endm

    .section .text.spkl_copy_spikes, "ax", @progbits
    .globl  spkl_copy_spikes
    .type   spkl_copy_spikes, @function
    .balign 4
spkl_copy_spikes:
    lw      a4, NEURONS(a0)
    lw      a5, VALUES(a0)
    lui     a6, 16
    addi    a6, a6, 1           /* 1 in two lanes */
    slli    a2, a2, 1
    andi    a7, a2, -16
    add     a2, a2, a1          /* end of all */
    add     a7, a7, a1          /* of the eights */
    li      t3, 0
    beq     a1, a7, 4f
    andi    t0, a1, 2
    bnez    t0, 2f
    lui     t2, 8
    sub     t2, t2, a3          /* 2^15 - size */
    bltz    t2, 2f
    slli    t0, t2, 16
    or      t2, t2, t0
1:  two     0
    two     4
    two     8
    two     12
    next
    bne     a1, a7, 1b
    lui     t0, 0x80008
    and     t3, t3, t0
    j       4f
2:  one     0
    one     2
    one     4
    one     6
    one     8
    one     10
    one     12
    one     14
    sw      a6, 0(a5)
    sw      a6, 4(a5)
    sw      a6, 8(a5)
    sw      a6, 12(a5)
    next
    bne     a1, a7, 2b
4:  sub     t0, a2, a1
    andi    t0, t0, 8
    beqz    t0, 5f
    one     0
    one     2
    one     4
    one     6
    sw      a6, 0(a5)
    sw      a6, 4(a5)
    addi    a1, a1, 8
    addi    a4, a4, 8
    addi    a5, a5, 8
    j       5f
3:  one     0
    sh      a6, 0(a5)
    addi    a1, a1, 2
    addi    a4, a4, 2
    addi    a5, a5, 2
5:  bne     a1, a2, 3b
    seqz    a0, t3
    ret
bad:
    li      a0, 0
    ret
    .size   spkl_copy_spikes, . - spkl_copy_spikes
