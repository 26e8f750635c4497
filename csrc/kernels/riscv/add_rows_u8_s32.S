/*
 * RV32IMC: two sums in a word, four instructions for four bytes. `all` sums
 * the words, `odd` bytes 1 and 3 in two lanes; all - 2^8 odd are the two lanes
 * of bytes 0 and 2. All is exact modulo 2^32. The lower lane starts 2^15 too
 * high, so that it ends positive and takes nothing from the upper one.
 *
 * All rows of the call run past a block of 32 targets whose sums stay in
 * registers (docs/explanation/kernels.md, 3), then past what is left in blocks
 * of 16, 12, 8 or 4. A smaller block has the last of the registers, so that
 * all share the code that widens. Stack: 64 bytes.
 */
    .option norelax

    .macro add_word all, odd, offset
    lw      a5, \offset(a3)
    add     \all, \all, a5
    srli    a5, a5, 8
    and     a5, a5, a4
    add     \odd, \odd, a5
    .endm

    /* Add four sums to those that lie so far behind a0. */
    .macro widen_word all, odd, offset
    slli    a5, \odd, 8
    sub     \all, \all, a5
    and     a5, \all, a1
    sub     a5, a5, a3
    lw      a4, \offset(a0)
    add     a4, a4, a5
    sw      a4, \offset(a0)
    and     a5, \odd, a1
    sub     a5, a5, a3
    lw      a4, \offset + 4(a0)
    add     a4, a4, a5
    sw      a4, \offset + 4(a0)
    srai    \all, \all, 16
    lw      a4, \offset + 8(a0)
    add     a4, a4, \all
    sw      a4, \offset + 8(a0)
    srai    \odd, \odd, 16
    lw      a4, \offset + 12(a0)
    add     a4, a4, \odd
    sw      a4, \offset + 12(a0)
    .endm

    .macro start all, odd
    mv      \all, a6
    mv      \odd, a7
    .endm

    /* The row j behind a1. 84 bytes: every instruction has 2. */
    .macro row8 j
    lw      a3, 4 * \j(a1)
    add     a3, a3, t0
    add_word s0, s1, 0
    add_word s2, s3, 4
    add_word s4, s5, 8
    add_word s6, s7, 12
    add_word s8, s9, 16
    add_word s10, s11, 20
    add_word t3, t4, 24
    add_word t5, t6, 28
    .endm

    /* A block of 1 to 4 words. */
    .macro small words
    .if \words > 3
    start   s8, s9
    .endif
    .if \words > 2
    start   s10, s11
    .endif
    .if \words > 1
    start   t3, t4
    .endif
    start   t5, t6
    mv      a1, ra
1:  lw      a3, 0(a1)
    add     a3, a3, t0
    .if \words > 3
    add_word s8, s9, 4 * \words - 16
    .endif
    .if \words > 2
    add_word s10, s11, 4 * \words - 12
    .endif
    .if \words > 1
    add_word t3, t4, 4 * \words - 8
    .endif
    add_word t5, t6, 4 * \words - 4
    addi    a1, a1, 4
    bne     a1, a2, 1b
    addi    t0, t0, 4 * \words
    addi    t1, t1, -4 * \words
    .endm

    .macro widening words
    addi    a0, a0, 16 * \words
    lui     a3, 8               /* 2^15 */
    lui     a1, 16
    addi    a1, a1, -1          /* 2^16 - 1 */
    .endm

    .section .text.spkl_add_rows_u8_s32, "ax", @progbits
    .globl  spkl_add_rows_u8_s32
    .type   spkl_add_rows_u8_s32, @function
    .balign 4
spkl_add_rows_u8_s32:
    bnez    a2, 1f
    ret
1:  addi    sp, sp, -64
    sw      ra, 0(sp)
    sw      s0, 4(sp)
    sw      s1, 8(sp)
    sw      s2, 12(sp)
    sw      s3, 16(sp)
    sw      s4, 20(sp)
    sw      s5, 24(sp)
    sw      s6, 28(sp)
    sw      s7, 32(sp)
    sw      s8, 36(sp)
    sw      s9, 40(sp)
    sw      s10, 44(sp)
    sw      s11, 48(sp)
    mv      t1, a3              /* targets left */
    mv      ra, a1              /* rows */
    li      t0, 0               /* bytes of each row that are done */
    slli    a7, a2, 7
    neg     a7, a7
    slli    a6, a7, 16
    add     a7, a7, a6
    lui     a6, 8
    add     a7, a7, a6          /* odd lanes start with: -128 n_rows, 2^15 */
    slli    a6, a7, 8
    add     a6, a6, a7          /* all sums start with */
    neg     a5, a2
    andi    a5, a5, 7           /* rows that the first pass leaves out */
    slli    a2, a2, 2
    add     a2, a2, a1          /* end of the rows */
    li      a4, 84
    mul     a4, a4, a5
    la      t2, rows8
    add     t2, t2, a4          /* where the first pass begins */
    slli    a5, a5, 2
    sub     a5, a1, a5
    sw      a5, 52(sp)          /* and with which a1 */
next:
    lui     a4, 0xFF0
    addi    a4, a4, 0xFF        /* 0x00FF00FF */
    li      a5, 32
    bltu    t1, a5, less
    start   s0, s1
    start   s2, s3
    start   s4, s5
    start   s6, s7
    start   s8, s9
    start   s10, s11
    start   t3, t4
    start   t5, t6
    lw      a1, 52(sp)
    jr      t2
rows8:
    row8    0
    row8    1
    row8    2
    row8    3
    row8    4
    row8    5
    row8    6
    row8    7
    addi    a1, a1, 32
    bne     a1, a2, rows8
    addi    t0, t0, 32
    addi    t1, t1, -32
    widening 8
    widen_word s0, s1, -128
    widen_word s2, s3, -112
    widen_word s4, s5, -96
    widen_word s6, s7, -80
widen4:
    widen_word s8, s9, -64
widen3:
    widen_word s10, s11, -48
widen2:
    widen_word t3, t4, -32
widen1:
    widen_word t5, t6, -16
    bnez    t1, next
    lw      ra, 0(sp)
    lw      s0, 4(sp)
    lw      s1, 8(sp)
    lw      s2, 12(sp)
    lw      s3, 16(sp)
    lw      s4, 20(sp)
    lw      s5, 24(sp)
    lw      s6, 28(sp)
    lw      s7, 32(sp)
    lw      s8, 36(sp)
    lw      s9, 40(sp)
    lw      s10, 44(sp)
    lw      s11, 48(sp)
    addi    sp, sp, 64
    ret
less:
    li      a5, 8
    beq     t1, a5, less2
    bltu    t1, a5, less1
    li      a5, 16
    bltu    t1, a5, less3
    small   4
    widening 4
    j       widen4
less3:
    small   3
    widening 3
    j       widen3
less2:
    small   2
    widening 2
    j       widen2
less1:
    small   1
    widening 1
    j       widen1
    .size   spkl_add_rows_u8_s32, . - spkl_add_rows_u8_s32
