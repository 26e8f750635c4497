/*
 * Cortex-M0, M0+: a word of bytes times a value, and its odd bytes times it,
 * have four sums in lanes of 16 bits, exact modulo 2^32; groups of entries are
 * those of spkl_lanes.h, whose rows are addresses. Two entries are a pass, eight
 * channels are in r8-r11 (docs/explanation/graded-kernels.md, 6). Large values,
 * and all of zero points other than -128, are listed in pairs that add up to 257
 * at most: the lanes of each pair are added to sums of 32 bits, four channels at
 * a time. Stack: 72 bytes.
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
    .equ START, 40      /* group[2]: where the open group starts */

    /* Stack */
    .equ PLACE, 0       /* in the list */
    .equ ACC, 4         /* of these channels */
    .equ LIST_AT, 8     /* the list's first entry */
    .equ FLUSH, 12      /* code for the first group of a list */
    .equ LIST, 16
    .equ N, 20
    .equ FIRST, 24      /* acc */
    .equ MORE, 28       /* whether sums go on */
    .equ BACK, 32
    .equ FRAME, 36

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

    /* Two entries: even bytes times their values in r3, odd bytes in r5, which
     * are added to r8 and r10; upper lanes to r9 and r11 as well. */
    .macro pair
    ldmia   r0!, {r1, r3, r4, r7}
    ldr     r3, [r3, r2]
    ldr     r7, [r7, r2]
    lsrs    r5, r3, #8
    ands    r5, r6
    ands    r3, r6
    muls    r3, r1, r3
    muls    r5, r1, r5
    lsrs    r1, r7, #8
    ands    r1, r6
    ands    r7, r6
    muls    r7, r4, r7
    muls    r1, r4, r1
    adds    r3, r3, r7
    adds    r5, r5, r1
    add     r8, r3
    lsrs    r3, r3, #16
    add     r9, r3
    add     r10, r5
    lsrs    r5, r5, #16
    add     r11, r5
    .endm

    /* An odd list of pairs from r0 up to r5 takes an entry of size 0; r1 is the
     * list, r3 and r4 are free. */
    .macro even_out downwards
    subs    r4, r5, r0
    lsls    r4, r4, #28
    bpl     9f
    movs    r4, #0
    ldr     r3, [r1, #ROWS]
    .if \downwards
    subs    r0, #8
    str     r4, [r0]
    str     r3, [r0, #4]
    .else
    stmia   r5!, {r4}
    stmia   r5!, {r3}
    .endif
9:
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

    .macro merge_all how
    merge_one \how, r3, 0
    merge_one \how, r4, 4
    merge_one \how, r5, 8
    merge_one \how, r7, 12
    .endm

    .macro merge how, all, odd
    separate \all, \odd
    merge_all \how
    stmia   r0!, {r3, r4, r5, r7}
    .endm

    /* End the open group of a list that begins at \begin: pad and end at \next.
     * r3, r5 are free; r4 is a row, r6 is 0. */
    .macro close next, begin
    ldr     r3, [r1, #START]
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
    beq     1f
    b       .Lsigned
1:
    ldr     r0, [r1, #BELOW]
    ldr     r5, [r1, #END]
    cmp     r0, r5
    beq     .Lgroups
    even_out 1
    bl      .Lbegin
    ldr     r1, [sp, #LIST]
    ldr     r3, [r1, #NEXT]
    ldr     r4, [r1, #BEGIN]
    cmp     r3, r4
    bne     .Lgroups
    b       .Lreturn
.Lgroups:
    ldr     r1, [sp, #LIST]
    movs    r6, #0
    ldr     r4, [r1, #ROWS]
    ldr     r7, [r1, #BEGIN]
    ldr     r5, [r1, #NEXT]
    close   r5, r7
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
.Lreturn:
    add     sp, #FRAME
    return_all

    .balign 4
.Lsigned:
    ldr     r0, [r1, #BEGIN]
    ldr     r5, [r1, #NEXT]
    cmp     r0, r5
    bne     1f
    ldr     r4, [r1, #BELOW]
    ldr     r3, [r1, #END]
    cmp     r4, r3
    bne     2f
1:  even_out 0
    bl      .Lbegin
    ldr     r1, [sp, #LIST]
2:  ldr     r0, [r1, #BELOW]
    ldr     r5, [r1, #END]
    cmp     r0, r5
    beq     .Lreturn
    even_out 1
    ldr     r4, [sp, #MORE]
    adr     r3, .Lsub_pairs
    cmp     r4, #0
    bne     1f
    adr     r3, .Lnegate_pairs
1:  bl      .Lpairs
    b       .Lreturn

    .balign 4
.Lmask:
    .word   0x00FF00FF
.Ladd:
    merge   adds, r8, r9
    merge   adds, r10, r11
    b       .Lflushed

    /* Pairs from r0 up to r5: all channels. Sums begin or go on; from then on
     * they go on. */
    .balign 4
.Lbegin:
    ldr     r4, [sp, #MORE]
    adr     r3, .Ladd_pairs
    cmp     r4, #0
    bne     .Lpairs
    movs    r4, #1
    str     r4, [sp, #MORE]
    adr     r3, .Lset_pairs
    /* The same; r3 is what is done with their sums. */
.Lpairs:
    mov     r4, lr
    str     r4, [sp, #BACK]
    adds    r3, #1
    mov     lr, r3
    mov     r12, r5
    str     r0, [sp, #LIST_AT]
    ldr     r4, [sp, #FIRST]
    str     r4, [sp, #ACC]
    movs    r2, #0
    ldr     r6, .Llanes
.Lfour_channels:
    movs    r3, #0
    mov     r8, r3
    mov     r9, r3
    mov     r10, r3
    mov     r11, r3
    ldr     r0, [sp, #LIST_AT]
    mov     r3, r12
    subs    r3, r3, r0
    beq     3f
    lsls    r3, r3, #27
    bmi     2f
1:  pair
2:  pair
    cmp     r0, r12
    bne     1b
3:  ldr     r0, [sp, #ACC]
    mov     r3, r8
    mov     r5, r9
    lsls    r1, r5, #16
    subs    r3, r3, r1
    mov     r4, r10
    mov     r7, r11
    lsls    r1, r7, #16
    subs    r4, r4, r1
    bx      lr
    .balign 4
.Llanes:
    .word   0x00FF00FF
.Lset_pairs:
    stmia   r0!, {r3, r4, r5, r7}
    str     r0, [sp, #ACC]
    adds    r2, #4
    ldr     r1, [sp, #N]
    cmp     r2, r1
    blo     .Lfour_channels
    ldr     r0, [sp, #BACK]
    bx      r0
    .balign 4
.Ladd_pairs:
    merge_all adds
    b       .Lset_pairs
    .balign 4
.Lsub_pairs:
    merge_all subs
    b       .Lset_pairs
    .balign 4
.Lnegate_pairs:
    rsbs    r3, r3, #0
    rsbs    r4, r4, #0
    rsbs    r5, r5, #0
    rsbs    r7, r7, #0
    b       .Lset_pairs
    .size   spkl_sum_list_u8_s32, . - spkl_sum_list_u8_s32
