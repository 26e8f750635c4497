/*
 * Cortex-M0, M0+: four outputs at a time, or two; inputs that are zero are left
 * out. Rows that are not there are the first one again. Stack: 64 bytes.
 */
    .syntax unified
    .thumb

#include "spkl_thumb1.inc"

    /* Stack */
    .equ ACC, 0
    .equ IN, 4          /* their end */
    .equ N, 8           /* inputs */
    .equ LEFT, 12       /* outputs */
    .equ ROW, 16        /* bytes of a row */
    .equ NEXT, 20       /* weights of the next outputs */
    .equ FRAME, 28

    /* struct spkl_dot_parameters */
    .equ P_INPUTS, 4
    .equ P_OUTPUTS, 8
    .equ P_ZERO, 12

    .macro add_row sum, row
    ldrsb   r7, [\row, r5]
    muls    r7, r6, r7
    add     \sum, r7
    .endm

    /* r5 counts up to 0 from the ends of inputs and rows. */
    .macro rows n
1:  ldrsb   r6, [r0, r5]
    add     r6, r12
    cmp     r6, #0
    beq     2f
    add_row r8, r1
    add_row r9, r2
    .if \n == 4
    add_row r10, r3
    add_row r11, r4
    .endif
2:  adds    r5, #1
    bne     1b
    .endm

    .section .text.spkl_dot_rows_s8_s32, "ax", %progbits
    .global spkl_dot_rows_s8_s32
    .type   spkl_dot_rows_s8_s32, %function
    .balign 4
    .thumb_func
spkl_dot_rows_s8_s32:
    save_all
    sub     sp, #FRAME
    str     r0, [sp, #ACC]
    ldr     r4, [r3, #P_INPUTS]
    str     r4, [sp, #N]
    adds    r1, r1, r4
    str     r1, [sp, #IN]
    ldr     r5, [r3, #P_OUTPUTS]
    str     r5, [sp, #LEFT]
    ldr     r6, [r3, #P_ZERO]
    rsbs    r6, r6, #0
    mov     r12, r6
    adds    r6, r4, #3
    lsrs    r6, r6, #2
    lsls    r6, r6, #2
    str     r6, [sp, #ROW]
    str     r2, [sp, #NEXT]
.Lsome:
    ldr     r1, [sp, #NEXT]
    ldr     r6, [sp, #ROW]
    lsls    r5, r6, #2
    adds    r5, r5, r1
    str     r5, [sp, #NEXT]
    ldr     r5, [sp, #N]
    ldr     r0, [sp, #IN]
    ldr     r7, [sp, #LEFT]
    adds    r1, r1, r5
    movs    r2, r1
    movs    r3, r1
    movs    r4, r1
    cmp     r7, #1
    beq     1f
    adds    r2, r1, r6
    cmp     r7, #2
    beq     1f
    adds    r3, r2, r6
    movs    r4, r3
    cmp     r7, #3
    beq     1f
    adds    r4, r3, r6
1:  rsbs    r5, r5, #0
    movs    r6, #0
    mov     r8, r6
    mov     r9, r6
    mov     r10, r6
    mov     r11, r6
    cmp     r7, #2
    bls     .Ltwo
    rows    4
    b       .Lstore
.Ltwo:
    rows    2
.Lstore:
    ldr     r0, [sp, #ACC]
    ldr     r5, [sp, #LEFT]
    mov     r1, r8
    stmia   r0!, {r1}
    subs    r5, #1
    beq     1f
    mov     r1, r9
    stmia   r0!, {r1}
    subs    r5, #1
    beq     1f
    mov     r1, r10
    stmia   r0!, {r1}
    subs    r5, #1
    beq     1f
    mov     r1, r11
    stmia   r0!, {r1}
    subs    r5, #1
    beq     1f
    str     r0, [sp, #ACC]
    str     r5, [sp, #LEFT]
    b       .Lsome
1:  add     sp, #FRAME
    return_all
    .size   spkl_dot_rows_s8_s32, . - spkl_dot_rows_s8_s32
