/*
 * Cortex-M55 (MVE): sums of eight targets in the 16-bit lanes of a vector, up
 * to 48 targets a block, four rows a pass (docs/explanation/kernels.md, 3).
 * The rows' pointers are moved on by the loads and written back. Stack: 164
 * bytes.
 *
 * Lanes start at -128 n_rows, at least -32640, and end as the sums of at most
 * 255 signed weights: they may wrap on the way.
 */
    .syntax unified
    .thumb

    .equ FRAME, 64      /* four vectors of sums */

    /* Adds the targets of a row to q0 on, and moves its pointer on. */
    .macro add_vector sum, with, pointer
    vldrb.u16 \with, [\pointer], #8
    vadd.i16 \sum, \sum, \with
    .endm

    .macro row vectors, half, pointer
    .if \vectors > 0
    add_vector q0, q6, \pointer
    .endif
    .if \vectors > 1
    add_vector q1, q7, \pointer
    .endif
    .if \vectors > 2
    add_vector q2, q6, \pointer
    add_vector q3, q7, \pointer
    .endif
    .if \vectors > 4
    add_vector q4, q6, \pointer
    add_vector q5, q7, \pointer
    .endif
    .if \half
    vldrb.u32 q7, [\pointer], #4
    vadd.i32 q5, q5, q7
    .endif
    .endm

    /* Adds four sums to acc. */
    .macro widen_four
    vldrw.u32 q7, [r0]
    vadd.i32 q6, q6, q7
    vstrw.32 q6, [r0], #16
    .endm

    /* Adds the vectors from q(first) on, four at most. */
    .macro widen first, vectors
    .irp    k, 0, 1, 2, 3, 4, 5
    .if \k >= \first && \k < \vectors && \k < \first + 4
    vstrw.32 q\k, [sp, #16 * (\k - \first)]
    .endif
    .endr
    mov     r2, sp
    .irp    k, 0, 1, 2, 3, 4, 5
    .if \k >= \first && \k < \vectors && \k < \first + 4
    vldrh.s32 q6, [r2], #8
    widen_four
    vldrh.s32 q6, [r2], #8
    widen_four
    .endif
    .endr
    .endm

    .macro begin vectors, half
    .irp    k, 0, 1, 2, 3, 4, 5
    .if \k < \vectors
    vdup.16 q\k, r11
    .endif
    .endr
    .if \half
    vdup.32 q5, r11
    .endif
    .endm

    /* 8 vectors targets, and 4 more if half: r0 acc, r3 targets left, r8 fours
     * of rows, r9 rows that are no four, r10 rows, r11 -128 n_rows. */
    .macro block vectors, half
    begin   \vectors, \half
    mov     r1, r10
    wls     lr, r9, 2f
1:  ldr     r4, [r1]
    row     \vectors, \half, r4
    str     r4, [r1], #4
    le      lr, 1b
2:  wls     lr, r8, 4f
3:  ldmia   r1, {r4-r7}
    row     \vectors, \half, r4
    row     \vectors, \half, r5
    row     \vectors, \half, r6
    row     \vectors, \half, r7
    stmia   r1!, {r4-r7}
    le      lr, 3b
4:  widen   0, \vectors
    .if \vectors > 4
    widen   4, \vectors
    .endif
    .if \half
    vmov    q6, q5
    widen_four
    .endif
    .endm

    .section .text.spkl_add_rows_u8_s32, "ax", %progbits
    .global spkl_add_rows_u8_s32
    .type   spkl_add_rows_u8_s32, %function
    .balign 4
    .thumb_func
spkl_add_rows_u8_s32:
    cmp     r2, #0
    it      eq
    bxeq    lr
    push    {r4-r11, lr}
    vpush   {d8-d15}
    sub     sp, #FRAME
    mov     r10, r1
    lsr     r8, r2, #2
    and     r9, r2, #3
    rsb     r11, r2, #0
    lsl     r11, r11, #7
    cmp     r3, #48
    blo     .Lunder_48
.Lfrom_48:
    block   6, 0
    subs    r3, #48
    cmp     r3, #48
    bhs     .Lfrom_48
.Lunder_48:
    cmp     r3, #32
    blo     .Lunder_32
    block   4, 0
    subs    r3, #32
.Lunder_32:
    cmp     r3, #16
    blo     .Lunder_16
    block   2, 0
    subs    r3, #16
.Lunder_16:
    cmp     r3, #8
    blo     .Lunder_8
    beq     .Leight
    block   1, 1
    b       .Ldone
.Leight:
    block   1, 0
    b       .Ldone
.Lunder_8:
    cmp     r3, #4
    bne     .Ldone
    block   0, 1
.Ldone:
    add     sp, #FRAME
    vpop    {d8-d15}
    pop     {r4-r11, pc}
    .size   spkl_add_rows_u8_s32, . - spkl_add_rows_u8_s32
