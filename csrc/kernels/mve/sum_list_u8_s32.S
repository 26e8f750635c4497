/*
 * Sums of lists of rows of bytes on Cortex-M55 (MVE): four channels a vector in
 * words, up to 24 a pass over the list, two entries a pass of the loop. The list
 * is that of spkl_list_thumb2.inc. Stack: 100 bytes.
 *
 * An odd list ends with an entry of size 0. Values below 0 are summed first, and
 * the sums change their sign.
 */
    .syntax unified
    .thumb

    /* struct spkl_list */
    .equ NEXT, 0
    .equ BELOW, 4
    .equ ROWS, 20
    .equ BEGIN, 24
    .equ END, 28

    /* Adds an entry's row at r3 by `size`. */
    .macro entry vectors, row, size
    add     r3, \row, r4
    .irp    k, 0, 1, 2, 3, 4, 5
    .if \k < \vectors
    vldrb.u32 q6, [r3, #4 * \k]
    vmla.s32 q\k, q6, \size
    .endif
    .endr
    .endm

    /* Adds the entries at r12 in pairs, as many as lr says. */
    .macro entries vectors
    wls     lr, lr, 2f
1:  ldmia   r12!, {r8-r11}
    entry   \vectors, r9, r8
    entry   \vectors, r11, r10
    le      lr, 1b
2:
    .endm

    .macro each vectors, what:vararg
    .irp    k, 0, 1, 2, 3, 4, 5
    .if \k < \vectors
    \what   \k
    .endif
    .endr
    .endm

    .macro load k
    vldrw.u32 q\k, [r0, #16 * \k]
    .endm

    .macro store k
    vstrw.32 q\k, [r0, #16 * \k]
    .endm

    .macro clear k
    vmov.i32 q\k, #0
    .endm

    .macro negate k
    vneg.s32 q\k, q\k
    .endm

    /* 4 vectors channels from byte r4 of each row on: r0 acc, r1 list, r2
     * channels left, r5 more, r6 and r7 pairs of values above and below 0. */
    .macro block vectors
    each    \vectors, clear
    cbz     r5, 3f
    each    \vectors, load
3:  cmp     r7, #0
    beq     4f
    ldr     r12, [r1, #BELOW]
    mov     lr, r7
    each    \vectors, negate
    entries \vectors
    each    \vectors, negate
4:  ldr     r12, [r1, #BEGIN]
    mov     lr, r6
    entries \vectors
    each    \vectors, store
    adds    r0, #16 * \vectors
    adds    r4, #4 * \vectors
    subs    r2, #4 * \vectors
    .endm

    .section .text.spkl_sum_list_u8_s32, "ax", %progbits
    .global spkl_sum_list_u8_s32
    .type   spkl_sum_list_u8_s32, %function
    .balign 4
    .thumb_func
spkl_sum_list_u8_s32:
    push    {r4-r11, lr}
    sub     sp, #4
    vpush   {d8-d13}
    mov     r5, r3
    movs    r3, #0
    ldr     r4, [r1, #ROWS]
    ldrd    r6, r7, [r1, #NEXT]
    ldr     r12, [r1, #END]
    strd    r3, r4, [r6]
    strd    r3, r4, [r12]
    ldr     r8, [r1, #BEGIN]
    subs    r6, r6, r8
    adds    r6, #8
    lsrs    r6, r6, #4
    sub     r7, r12, r7
    adds    r7, #8
    lsrs    r7, r7, #4
    movs    r4, #0
    b       .Lnext
.Lfrom_24:
    block   6
.Lnext:
    cmp     r2, #16
    bgt     .Lfrom_24
    cmp     r2, #8
    ble     .Lup_to_8
    block   4
    b       .Ldone
.Lup_to_8:
    cmp     r2, #0
    ble     .Ldone
    block   2
.Ldone:
    vpop    {d8-d13}
    add     sp, #4
    pop     {r4-r11, pc}
    .size   spkl_sum_list_u8_s32, . - spkl_sum_list_u8_s32
