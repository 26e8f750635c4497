/*
 * Cortex-M0, M0+: a word of bytes times a value, and its odd bytes times it,
 * have four sums in lanes of 16 bits, exact modulo 2^32; groups of entries are
 * those of spkl_lanes.h, whose rows are addresses. Two entries are a pass, eight
 * channels are in r8-r11 (docs/explanation/graded-kernels.md, 6). Stack: 60
 * bytes.
 */
    .syntax unified
    .thumb

    /* struct spkl_list */
    .equ NEXT, 0
    .equ BELOW, 4
    .equ ROWS, 20
    .equ BEGIN, 24
    .equ END, 28
    .equ START, 40      /* group[2], group[3]: where open groups start */

    /* Stack */
    .equ PLACE, 0       /* in the list */
    .equ ACC, 4         /* of these channels */
    .equ LIST_AT, 8     /* the list's first entry */
    .equ FLUSH, 12      /* code for the first group of a list */
    .equ LIST, 16
    .equ N, 20
    .equ FIRST, 24      /* acc */
    .equ FRAME, 28

    .macro add_word all, odd, word
    lsrs    r5, \word, #8
    ands    r5, r6
    muls    \word, r1, \word
    muls    r5, r1, r5
    add     \all, \word
    add     \odd, r5
    .endm

    /* An entry: size r1, row r7; then the next one. */
    .macro entry
    adds    r7, r7, r2
    ldmia   r7!, {r3, r4}
    add_word r8, r9, r3
    add_word r10, r11, r4
    ldmia   r0!, {r1, r7}
    .endm

    /* Four sums to r3, r4, r5, r7. */
    .macro separate all, odd
    mov     r7, \odd
    mov     r5, \all
    lsls    r3, r7, #8
    subs    r5, r5, r3
    uxth    r3, r5
    lsrs    r5, r5, #16
    uxth    r4, r7
    lsrs    r7, r7, #16
    .endm

    .macro merge_one how, to, at
    ldr     r1, [r0, #\at]
    \how    \to, r1, \to
    .endm

    .macro merge how, all, odd
    separate \all, \odd
    merge_one \how, r3, 0
    merge_one \how, r4, 4
    merge_one \how, r5, 8
    merge_one \how, r7, 12
    stmia   r0!, {r3, r4, r5, r7}
    .endm

    /* End an open group of a list that begins at \begin: pad and end at
     * \next. r3, r5 are free; r4 is a row, r6 is 0. */
    .macro close next, begin, start
    ldr     r3, [r1, #START + \start]
    adds    r3, r3, \begin
    subs    r3, \next, r3
    lsls    r3, r3, #28
    bpl     9f
    stmia   \next!, {r6}
    stmia   \next!, {r4}
9:  stmia   \next!, {r6}
    stmia   \next!, {r6}
    .endm

    .section .text.spkl_sum_list_u8_s32, "ax", %progbits
    .global spkl_sum_list_u8_s32
    .type   spkl_sum_list_u8_s32, %function
    .balign 4
    .thumb_func
spkl_sum_list_u8_s32:
    push    {r4-r7, lr}
    mov     r4, r8
    mov     r5, r9
    mov     r6, r10
    mov     r7, r11
    push    {r4-r7}
    sub     sp, #FRAME
    str     r0, [sp, #FIRST]
    str     r1, [sp, #LIST]
    str     r2, [sp, #N]
    movs    r6, #0
    ldr     r4, [r1, #ROWS]
    ldr     r7, [r1, #BEGIN]
    ldr     r5, [r1, #NEXT]
    mov     r8, r3
    close   r5, r7, 0
    adr     r5, .Lset
    mov     r3, r8
    cmp     r3, #0
    beq     .Lpass
    adr     r5, .Ladd
    /* All channels of the list at r7; r5 is what its first group does. */
.Lpass:
    adds    r5, #1
    str     r7, [sp, #LIST_AT]
    str     r5, [sp, #FLUSH]
    ldr     r0, [sp, #FIRST]
    str     r0, [sp, #ACC]
    movs    r2, #0
    ldr     r6, .Lmask
.Lblock:
    ldr     r5, [sp, #FLUSH]
    mov     r12, r5
    ldr     r0, [sp, #LIST_AT]
.Lgroup:
    movs    r3, #0
    mov     r8, r3
    mov     r9, r3
    mov     r10, r3
    mov     r11, r3
    ldmia   r0!, {r1, r7}
    cmp     r1, #0
    beq     2f
1:  entry
    entry
    cmp     r1, #0
    bne     1b
2:  str     r0, [sp, #PLACE]
    ldr     r0, [sp, #ACC]
    mov     lr, r7
    bx      r12

    .balign 4
.Lset:
    separate r8, r9
    stmia   r0!, {r3, r4, r5, r7}
    separate r10, r11
    stmia   r0!, {r3, r4, r5, r7}
    adr     r5, .Ladd
    adds    r5, #1
    mov     r12, r5
.Lflushed:
    mov     r1, lr
    cmp     r1, #0
    beq     1f
    ldr     r0, [sp, #PLACE]
    b       .Lgroup
1:  str     r0, [sp, #ACC]
    adds    r2, #8
    ldr     r1, [sp, #N]
    cmp     r2, r1
    blo     .Lblock
    /* Once more for values below 0. */
    ldr     r1, [sp, #LIST]
    ldr     r0, [r1, #BELOW]
    ldr     r5, [r1, #END]
    cmp     r0, r5
    beq     2f
    ldr     r7, [r1, #BEGIN]
    subs    r5, r5, r7
    lsrs    r5, r5, #4
    lsls    r5, r5, #3
    adds    r7, r7, r5
    ldr     r5, [sp, #LIST_AT]
    cmp     r5, r7
    beq     2f
    movs    r6, #0
    ldr     r4, [r1, #ROWS]
    close   r0, r7, 4
    adr     r5, .Lsub
    b       .Lpass
2:  add     sp, #FRAME
    pop     {r4-r7}
    mov     r8, r4
    mov     r9, r5
    mov     r10, r6
    mov     r11, r7
    pop     {r4-r7, pc}

    .balign 4
.Lmask:
    .word   0x00FF00FF
.Ladd:
    merge   adds, r8, r9
    merge   adds, r10, r11
    b       .Lflushed
    .balign 4
.Lsub:
    merge   subs, r8, r9
    merge   subs, r10, r11
    b       .Lflushed
    .size   spkl_sum_list_u8_s32, . - spkl_sum_list_u8_s32
