/*
 * Cortex-M0, M0+: groups of entries of spkl_lanes.h; rows are addresses. Large
 * values, of which few fit a group, are listed downwards from the end in pairs
 * that add up to 257 at most (sum_list_u8_s32.S). Inputs are read in words where
 * they lie at words. Stack: 60 bytes.
 */
    .syntax unified
    .thumb

#include "spkl_thumb1.inc"

    /* struct spkl_list */
    .equ NEXT, 0
    .equ BELOW, 4
    .equ SUM, 8
    .equ ROW_SIZE, 12
    .equ ROWS, 20
    .equ BEGIN, 24
    .equ OPEN, 32       /* group[0]: the sum of the open group */
    .equ PAIR, 36       /* group[1]: the first value of the open pair, or 0 */
    .equ START, 40      /* group[2]: where it starts, from BEGIN on */

    .equ LARGE, 64

    /* Stack */
    .equ LEFT, 0        /* inputs */
    .equ DOWN, 4        /* the last large value */
    .equ LIST, 8
    .equ FRAME, 12

    /* Registers: r0 where entries go, r1 inputs, r2 how many are left to take
     * without a look at the room, r4 a value, r5 a word, r6 its row, r7 what the
     * open group may still sum. r8 bytes of a row, r9 the sum, r10 where the
     * open group starts, r11 the open pair, r12 0x80808080. */

    /* List the value in r4. */
    .macro put
    cmp     r4, #LARGE
    blo     9f
    bl      .Llarge
    b       7f
9:  subs    r7, r7, r4
    bpl     8f
    bl      .Lclose
8:  add     r9, r4
    stmia   r0!, {r4, r6}
    .endm

    /* The lowest byte of r5. */
    .macro byte
    lsls    r4, r5, #24
    beq     7f
    lsrs    r4, r4, #24
    put
7:  add     r6, r8
    lsrs    r5, r5, #8
    .endm

    .section .text.spkl_list_above_s8, "ax", %progbits
    .global spkl_list_above_s8
    .type   spkl_list_above_s8, %function
    .balign 4
    .thumb_func
spkl_list_above_s8:
    push    {r2-r7, lr}
    save_high
    sub     sp, #FRAME
    mov     r6, r3
    str     r0, [sp, #LIST]
    ldr     r4, [r0, #PAIR]
    mov     r11, r4
    str     r2, [sp, #LEFT]
    ldr     r3, [r0, #BELOW]
    str     r3, [sp, #DOWN]
    ldr     r4, [r0, #ROW_SIZE]
    mov     r8, r4
    ldr     r4, [r0, #SUM]
    mov     r9, r4
    ldr     r4, [r0, #BEGIN]
    ldr     r5, [r0, #START]
    adds    r4, r4, r5
    mov     r10, r4
    ldr     r4, [r0, #OPEN]
    movs    r7, #255
    adds    r7, #2
    subs    r7, r7, r4
    ldr     r4, .Lflip
    mov     r12, r4
    ldr     r0, [r0, #NEXT]
    /* As many as fit if each begins a group. */
.Lsome:
    ldr     r4, [sp, #DOWN]
    subs    r4, r4, r0
    subs    r4, #40
    bhs     1f
.Lfull:
    b       .Ldone
1:  lsrs    r2, r4, #5
    ldr     r3, [sp, #LEFT]
    cmp     r2, r3
    bls     1f
    mov     r2, r3
1:  cmp     r2, #0
    beq     .Lfull
    subs    r3, r3, r2
    str     r3, [sp, #LEFT]
    lsls    r3, r1, #30
    bne     .Lbytes
    subs    r2, #4
    blo     .Lrest
2:  ldmia   r1!, {r5}
    mov     r3, r12
    eors    r5, r3
    beq     4f
    byte
    byte
    byte
    byte
3:  subs    r2, #4
    bhs     2b
    b       .Lrest
4:  mov     r3, r8
    lsls    r3, r3, #2
    adds    r6, r6, r3
    b       3b
.Lrest:
    adds    r2, #4
    beq     .Lsome
.Lbytes:
    movs    r3, #128
5:  ldrb    r4, [r1]
    adds    r1, #1
    eors    r4, r3
    beq     7f
    put
7:  add     r6, r8
    subs    r2, #1
    bne     5b
    b       .Lsome

    /* End the open group: the value in r4 begins another. */
    .balign 4
.Lclose:
    mov     r3, r10
    subs    r3, r0, r3
    lsls    r3, r3, #28
    bpl     1f
    movs    r3, #0
    stmia   r0!, {r3, r6}
1:  movs    r3, #0
    movs    r7, #1
    stmia   r0!, {r3, r7}
    mov     r10, r0
    adds    r7, #255
    adds    r7, #1
    subs    r7, r7, r4
    movs    r3, #128
    bx      lr

    /* List a large value downwards. */
    .balign 4
.Llarge:
    add     r9, r4
    mov     r3, r11
    adds    r3, r3, r4
    subs    r3, #255
    cmp     r3, #2
    bgt     3f
1:  ldr     r3, [sp, #DOWN]
    subs    r3, #8
    str     r3, [sp, #DOWN]
    str     r4, [r3]
    str     r6, [r3, #4]
    mov     r3, r11
    cmp     r3, #0
    bne     2f
    mov     r11, r4
    movs    r3, #128
    bx      lr
2:  movs    r3, #0
    mov     r11, r3
    movs    r3, #128
    bx      lr
    /* It does not fit the open pair. */
3:  ldr     r3, [sp, #DOWN]
    subs    r3, #8
    str     r3, [sp, #DOWN]
    str     r6, [r3, #4]
    push    {r4}
    movs    r4, #0
    str     r4, [r3]
    mov     r11, r4
    pop     {r4}
    b       1b

.Ldone:
    ldr     r1, [sp, #LIST]
    mov     r4, r11
    str     r4, [r1, #PAIR]
    str     r0, [r1, #NEXT]
    mov     r4, r9
    str     r4, [r1, #SUM]
    mov     r4, r10
    ldr     r5, [r1, #BEGIN]
    subs    r4, r4, r5
    str     r4, [r1, #START]
    movs    r4, #255
    adds    r4, #2
    subs    r4, r4, r7
    str     r4, [r1, #OPEN]
    ldr     r2, [sp, #LEFT]
    ldr     r3, [sp, #DOWN]
    str     r3, [r1, #BELOW]
    add     sp, #FRAME
    restore_high
    pop     {r0, r3-r7}
    subs    r0, r0, r2
    pop     {r1}
    bx      r1
    .balign 4
.Lflip:
    .word   0x80808080
    .size   spkl_list_above_s8, . - spkl_list_above_s8
