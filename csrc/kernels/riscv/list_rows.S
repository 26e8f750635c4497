/* RV32IM: eight at a time. Stack: none. */

    /* Four rows, of neurons that are `at` behind a1. */
    .macro four at
    lhu     a5, \at(a1)
    lhu     a6, \at + 2(a1)
    lhu     a7, \at + 4(a1)
    lhu     t0, \at + 6(a1)
    mul     a5, a5, a4
    mul     a6, a6, a4
    mul     a7, a7, a4
    mul     t0, t0, a4
    add     a5, a5, a3
    add     a6, a6, a3
    add     a7, a7, a3
    add     t0, t0, a3
    sw      a5, 2 * \at(a0)
    sw      a6, 2 * \at + 4(a0)
    sw      a7, 2 * \at + 8(a0)
    sw      t0, 2 * \at + 12(a0)
    .endm

    .section .text.spkl_list_rows, "ax", @progbits
    .globl  spkl_list_rows
    .type   spkl_list_rows, @function
    .balign 4
spkl_list_rows:
    slli    a2, a2, 1
    add     t2, a1, a2          /* end of the neurons */
    andi    t1, a2, -16
    beqz    t1, 2f
    add     t1, t1, a1          /* of the eights */
1:  four    0
    four    8
    addi    a1, a1, 16
    addi    a0, a0, 32
    bne     a1, t1, 1b
2:  andi    t1, a2, 8
    beqz    t1, 3f
    four    0
    addi    a1, a1, 8
    addi    a0, a0, 16
3:  beq     a1, t2, 5f
4:  lhu     a5, 0(a1)
    addi    a1, a1, 2
    mul     a5, a5, a4
    add     a5, a5, a3
    sw      a5, 0(a0)
    addi    a0, a0, 4
    bne     a1, t2, 4b
5:  ret
    .size   spkl_list_rows, . - spkl_list_rows
