/*
 * Cortex-M0, M0+: two sums in a word, four instructions for four bytes. `all`
 * sums the words, `odd` bytes 1 and 3 in two lanes; all - 2^8 odd are the two
 * lanes of bytes 0 and 2. All is exact modulo 2^32; a lane is a signed 16-bit
 * number in the end, and takes 1 from the lane above while it is negative.
 *
 * All rows of the call run past a block of 12 targets whose sums stay in
 * r8-r12 and lr, then past one of 8 or 4; three rows share a load of pointers,
 * which are written back behind the block (docs/explanation/kernels.md, 3). Stack: 64 bytes.
 */
    .syntax unified
    .thumb

#include "spkl_thumb1.inc"

    .equ START_ALL, 0
    .equ START_ODD, 4
    .equ SINGLES, 8     /* rows that are no three */
    .equ THREES, 12     /* bit 0: whether the threes are odd */
    .equ LEFT, 16       /* targets left */
    .equ ACC, 20
    .equ ROWS, 24
    .equ FRAME, 28

    .macro add_word all, odd, word
    add     \all, \word
    lsrs    \word, \word, #8
    ands    \word, r2
    add     \odd, \word
    .endm

    .macro row words, pointer
    .if \words == 3
    ldm     \pointer!, {r3-r5}
    .elseif \words == 2
    ldm     \pointer!, {r3-r4}
    .else
    ldm     \pointer!, {r3}
    .endif
    add_word r8, r9, r3
    .if \words > 1
    add_word r10, r11, r4
    .endif
    .if \words > 2
    add_word r12, lr, r5
    .endif
    .endm

    /* Three rows, whose pointers end at r0. */
    .macro three words
    subs    r0, #12
    row     \words, r1
    row     \words, r6
    row     \words, r7
    stm     r0!, {r1, r6, r7}
    .endm

    .macro widen_word all, odd
    mov     r6, \odd
    mov     r5, \all
    lsls    r4, r6, #8
    subs    r5, r5, r4
    ldm     r7!, {r0-r3}
    sxth    r4, r5
    adds    r0, r0, r4
    subs    r5, r5, r4
    asrs    r5, r5, #16
    adds    r2, r2, r5
    sxth    r4, r6
    adds    r1, r1, r4
    subs    r6, r6, r4
    asrs    r6, r6, #16
    adds    r3, r3, r6
    subs    r7, #16
    stm     r7!, {r0-r3}
    .endm

    /* Blocks of 4 * words targets as long as so many are left. The loop over
     * threes of rows ends at a null; that of the large block does two a pass,
     * and begins in its middle when they are odd. */
    .macro blocks words
    b       9f
1:  str     r3, [sp, #LEFT]
    ldr     r0, [sp, #ROWS]
    ldr     r1, [sp, #START_ALL]
    ldr     r2, [sp, #START_ODD]
    mov     r8, r1
    mov     r9, r2
    .if \words > 1
    mov     r10, r1
    mov     r11, r2
    .endif
    .if \words > 2
    mov     r12, r1
    mov     lr, r2
    .endif
    ldr     r2, mask
    ldr     r6, [sp, #SINGLES]
    cmp     r6, #0
    beq     3f
2:  ldr     r1, [r0]
    row     \words, r1
    stm     r0!, {r1}
    subs    r6, #1
    bne     2b
3:  ldm     r0!, {r1, r6, r7}
    cmp     r1, #0
    beq     8f
    .if \words == 3
    ldr     r3, [sp, #THREES]
    lsrs    r3, r3, #1
    bcs     5f
4:  three   \words
    ldm     r0!, {r1, r6, r7}
5:  three   \words
    .else
4:  three   \words
    .endif
    ldm     r0!, {r1, r6, r7}
    cmp     r1, #0
    bne     4b
8:  ldr     r7, [sp, #ACC]
    widen_word r8, r9
    .if \words > 1
    widen_word r10, r11
    .endif
    .if \words > 2
    widen_word r12, lr
    .endif
    str     r7, [sp, #ACC]
9:  ldr     r3, [sp, #LEFT]
    subs    r3, #4 * \words
    blo     8f
    b       1b
8:
    .endm

    .section .text.spkl_add_rows_u8_s32, "ax", %progbits
    .global spkl_add_rows_u8_s32
    .type   spkl_add_rows_u8_s32, %function
    .balign 4
    .thumb_func
spkl_add_rows_u8_s32:
    cmp     r2, #0
    bne     1f
    bx      lr
1:  save_all
    sub     sp, #FRAME
    lsls    r4, r2, #2
    movs    r5, #0
    str     r5, [r1, r4]
    movs    r4, #171        /* n_rows / 3 = n_rows * 171 / 2^9 up to 255 */
    muls    r4, r2
    lsrs    r4, r4, #9
    str     r4, [sp, #THREES]
    adds    r5, r4, r4
    adds    r5, r5, r4
    subs    r5, r2, r5
    str     r5, [sp, #SINGLES]
    lsls    r2, r2, #7
    rsbs    r2, r2, #0
    lsls    r4, r2, #16
    adds    r2, r2, r4
    str     r2, [sp, #START_ODD]
    lsls    r4, r2, #8
    adds    r2, r2, r4
    str     r2, [sp, #START_ALL]
    str     r3, [sp, #LEFT]
    str     r0, [sp, #ACC]
    str     r1, [sp, #ROWS]
    blocks  3
    blocks  2
    blocks  1
    add     sp, #FRAME
    return_all
    .balign 4
mask:
    .word   0x00FF00FF
    .size   spkl_add_rows_u8_s32, . - spkl_add_rows_u8_s32
