/* Cortex-M0, M0+: eight at a time. Stack: 20 bytes. */
    .syntax unified
    .thumb

    /* Four rows, of neurons that are `at` behind r1. */
    .macro four at
    ldrh    r2, [r1, #\at]
    ldrh    r4, [r1, #\at + 2]
    ldrh    r5, [r1, #\at + 4]
    ldrh    r6, [r1, #\at + 6]
    muls    r2, r7
    muls    r4, r7
    muls    r5, r7
    muls    r6, r7
    adds    r2, r2, r3
    adds    r4, r4, r3
    adds    r5, r5, r3
    adds    r6, r6, r3
    stm     r0!, {r2, r4-r6}
    .endm

    .section .text.spkl_list_rows, "ax", %progbits
    .global spkl_list_rows
    .type   spkl_list_rows, %function
    .balign 4
    .thumb_func
spkl_list_rows:
    push    {r4-r7, lr}
    ldr     r7, [sp, #20]       /* stride */
    lsrs    r6, r2, #3
    beq     2f
    lsls    r6, r6, #4
    adds    r6, r6, r1
    mov     r12, r6             /* end of the eights */
    movs    r6, #7
    ands    r6, r2
    mov     lr, r6              /* those behind */
1:  four    0
    four    8
    adds    r1, #16
    cmp     r1, r12
    bne     1b
    mov     r2, lr
2:  subs    r2, #1
    blo     4f
3:  ldrh    r4, [r1]
    adds    r1, #2
    muls    r4, r7
    adds    r4, r4, r3
    stm     r0!, {r4}
    subs    r2, #1
    bhs     3b
4:  pop     {r4-r7, pc}
    .size   spkl_list_rows, . - spkl_list_rows
