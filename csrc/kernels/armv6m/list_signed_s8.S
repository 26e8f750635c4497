/*
 * Cortex-M0, M0+: pairs of values that add up to 257 at most, those above 0
 * upwards from the begin, those below downwards from the end
 * (sum_list_u8_s32.S). A value that does not fit the open pair ends it with an
 * entry of size 0. Stack: 48 bytes.
 */
    .syntax unified
    .thumb

#include "spkl_thumb1.inc"

    /* struct spkl_list */
    .equ NEXT, 0
    .equ BELOW, 4
    .equ SUM, 8
    .equ ROW_SIZE, 12
    .equ ZERO, 16
    .equ OPEN_UP, 32    /* group[0]: the first value of the open pair, or 0 */
    .equ OPEN_DOWN, 36  /* group[1] */

    /* Stack */
    .equ LEFT, 0        /* inputs behind those of this turn */
    .equ N, 4           /* inputs */
    .equ LIST, 8
    .equ FRAME, 12

    /* Registers: r0 where values above 0 go, r1 inputs, r2 the open pair below 0,
     * r3 the row, r5 the open pair above 0, r6 the last value below 0. r8 bytes
     * of a row, r9 the sum, r10 the zero point, r11 257, r12 the end of the
     * inputs of this turn. */

    .section .text.spkl_list_signed_s8, "ax", %progbits
    .global spkl_list_signed_s8
    .type   spkl_list_signed_s8, %function
    .balign 4
    .thumb_func
spkl_list_signed_s8:
    save_all
    sub     sp, #FRAME
    str     r0, [sp, #LIST]
    str     r2, [sp, #LEFT]
    str     r2, [sp, #N]
    ldr     r4, [r0, #ROW_SIZE]
    mov     r8, r4
    ldr     r4, [r0, #SUM]
    mov     r9, r4
    ldr     r4, [r0, #ZERO]
    mov     r10, r4
    movs    r4, #255
    adds    r4, #2
    mov     r11, r4
    ldr     r5, [r0, #OPEN_UP]
    ldr     r2, [r0, #OPEN_DOWN]
    ldr     r6, [r0, #BELOW]
    ldr     r0, [r0, #NEXT]
    /* As many as fit if each ends a pair. */
.Lsome:
    subs    r4, r6, r0
    subs    r4, #40
    blo     .Ldone
    lsrs    r4, r4, #4
    ldr     r7, [sp, #LEFT]
    cmp     r4, r7
    bls     1f
    mov     r4, r7
1:  subs    r7, r7, r4
    str     r7, [sp, #LEFT]
    adds    r4, r4, r1
    cmp     r4, r1
    beq     .Ldone
    mov     r12, r4
.Lone:
    ldrb    r4, [r1]
    adds    r1, #1
    sxtb    r4, r4
    mov     r7, r10
    subs    r4, r4, r7
    beq     .Lnext
    add     r9, r4
    bgt     .Labove
    rsbs    r4, r4, #0
    adds    r7, r2, r4
    cmp     r7, r11
    bhi     .Lpad_below
1:  subs    r6, #8
    str     r4, [r6]
    str     r3, [r6, #4]
    cmp     r2, #0
    bne     2f
    movs    r2, r4
    add     r3, r8
    cmp     r1, r12
    bne     .Lone
    b       .Lsome
2:  movs    r2, #0
.Lnext:
    add     r3, r8
    cmp     r1, r12
    bne     .Lone
    b       .Lsome
.Lpad_below:
    subs    r6, #8
    movs    r2, #0
    str     r2, [r6]
    str     r3, [r6, #4]
    b       1b
.Labove:
    adds    r7, r5, r4
    cmp     r7, r11
    bls     1f
    movs    r5, #0
    stmia   r0!, {r5}
    stmia   r0!, {r3}
1:  stmia   r0!, {r4}
    stmia   r0!, {r3}
    cmp     r5, #0
    bne     2f
    movs    r5, r4
    b       .Lnext
2:  movs    r5, #0
    b       .Lnext

.Ldone:
    ldr     r4, [sp, #LIST]
    str     r0, [r4, #NEXT]
    str     r6, [r4, #BELOW]
    str     r5, [r4, #OPEN_UP]
    str     r2, [r4, #OPEN_DOWN]
    mov     r5, r9
    str     r5, [r4, #SUM]
    ldr     r2, [sp, #LEFT]
    ldr     r0, [sp, #N]
    subs    r0, r0, r2
    add     sp, #FRAME
    return_all
    .size   spkl_list_signed_s8, . - spkl_list_signed_s8
