/*
 * Cortex-M0, M0+: a word of bytes times a value, and its odd bytes times it,
 * have four sums in lanes of 16 bits, exact modulo 2^32; groups of entries are
 * those of spkl_lanes.h, whose rows are addresses. Two entries are a pass, eight
 * channels are in r8-r11 (docs/explanation/graded-kernels.md, 6). Large values,
 * listed by themselves, are multiplied by every byte. Stack: 64 bytes.
 */
    .syntax unified
    .thumb

#include "spkl_thumb1.inc"

    /* struct spkl_list */
    .equ NEXT, 0
    .equ BELOW, 4
    .equ ZERO, 16
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
    .equ MORE, 28       /* whether sums go on */
    .equ FRAME, 32

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

    .macro entry_of_four
    ldr     r3, [r7, r2]
    add_word r8, r9, r3
    ldmia   r0!, {r1, r7}
    .endm

    /* Adds the lowest byte of r3 times r1; then the next byte. */
    .macro add_byte sum, low
    uxtb    r5, r3
    muls    r5, r1, r5
    .if \low
    adds    \sum, \sum, r5
    .else
    add     \sum, r5
    .endif
    lsrs    r3, r3, #8
    .endm

    /* Adds the word at r7 times r1 to four sums, of which two may be low
     * registers. */
    .macro add_bytes a, b, c, d, low
    add_byte \a, 0
    add_byte \b, 0
    add_byte \c, \low
    muls    r3, r1, r3
    .if \low
    adds    \d, \d, r3
    .else
    add     \d, r3
    .endif
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
    save_all
    sub     sp, #FRAME
    str     r0, [sp, #FIRST]
    str     r1, [sp, #LIST]
    str     r2, [sp, #N]
    str     r3, [sp, #MORE]
    ldr     r4, [r1, #ZERO]
    adds    r4, #128
    bne     .Lgroups
    ldr     r4, [r1, #BELOW]
    ldr     r5, [r1, #END]
    cmp     r4, r5
    beq     .Lgroups
    b       .Llarge
.Lgroups:
    ldr     r1, [sp, #LIST]
    movs    r6, #0
    ldr     r4, [r1, #ROWS]
    ldr     r7, [r1, #BEGIN]
    ldr     r5, [r1, #NEXT]
    close   r5, r7, 0
    adr     r5, .Lset
    ldr     r3, [sp, #MORE]
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
    ldr     r3, [sp, #N]
    subs    r3, r3, r2
    cmp     r3, #4
    bls     .Lfour
1:  entry
    entry
    cmp     r1, #0
    bne     1b
2:  str     r0, [sp, #PLACE]
    ldr     r0, [sp, #ACC]
    mov     lr, r7
    bx      r12
.Lfour:
    entry_of_four
    entry_of_four
    cmp     r1, #0
    bne     .Lfour
    b       2b

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
    ldr     r0, [r1, #ZERO]
    adds    r0, #128
    beq     2f
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
    return_all

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

    /* Large values: all channels, before the groups, which then go on. Sums in
     * r8-r12, lr, r4, r6. */
.Llarge:
    movs    r2, #0
    str     r2, [r5]
    str     r4, [sp, #LIST_AT]
    str     r0, [sp, #ACC]
.Llarge_block:
    movs    r4, #0
    movs    r6, #0
    mov     r8, r4
    mov     r9, r4
    mov     r10, r4
    mov     r11, r4
    mov     r12, r4
    mov     lr, r4
    ldr     r0, [sp, #LIST_AT]
    ldmia   r0!, {r1, r7}
    ldr     r3, [sp, #N]
    subs    r3, r3, r2
    cmp     r3, #4
    bls     2f
1:  adds    r7, r7, r2
    ldr     r3, [r7]
    add_bytes r8, r9, r10, r11, 0
    ldr     r3, [r7, #4]
    add_bytes r12, lr, r4, r6, 1
    ldmia   r0!, {r1, r7}
    cmp     r1, #0
    bne     1b
    b       3f
2:  ldr     r3, [r7, r2]
    add_bytes r8, r9, r10, r11, 0
    ldmia   r0!, {r1, r7}
    cmp     r1, #0
    bne     2b
3:  ldr     r0, [sp, #ACC]
    mov     r1, r8
    mov     r3, r9
    mov     r5, r10
    mov     r7, r11
    str     r2, [sp, #PLACE]
    ldr     r2, [sp, #MORE]
    cmp     r2, #0
    bne     5f
    stmia   r0!, {r1, r3, r5, r7}
    mov     r1, r12
    mov     r3, lr
    stmia   r0!, {r1, r3, r4, r6}
4:  str     r0, [sp, #ACC]
    ldr     r2, [sp, #PLACE]
    adds    r2, #8
    ldr     r1, [sp, #N]
    cmp     r2, r1
    blo     .Llarge_block
    movs    r1, #1
    str     r1, [sp, #MORE]
    b       .Lgroups
5:  ldr     r2, [r0]
    adds    r1, r1, r2
    ldr     r2, [r0, #4]
    adds    r3, r3, r2
    ldr     r2, [r0, #8]
    adds    r5, r5, r2
    ldr     r2, [r0, #12]
    adds    r7, r7, r2
    stmia   r0!, {r1, r3, r5, r7}
    mov     r1, r12
    mov     r3, lr
    ldr     r2, [r0]
    adds    r1, r1, r2
    ldr     r2, [r0, #4]
    adds    r3, r3, r2
    ldr     r2, [r0, #8]
    adds    r4, r4, r2
    ldr     r2, [r0, #12]
    adds    r6, r6, r2
    stmia   r0!, {r1, r3, r4, r6}
    b       4b
    .size   spkl_sum_list_u8_s32, . - spkl_sum_list_u8_s32
