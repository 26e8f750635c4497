/*
 * Cortex-M0, M0+: eight spikes a pass. From a place of words they are copied
 * and checked two at a time: of 2^15 neurons at most, one that is too large
 * has its upper bit set, or gets it by the addition of 2^15 less the number of
 * neurons. Stack: 32 bytes.
 */
    .syntax unified
    .thumb

    /* struct spkl_source */
    .equ NEURONS, 4
    .equ VALUES, 8

    .macro two word
    orrs    r2, \word
    adds    \word, \word, r3
    orrs    r2, \word
    .endm

    .macro one at
    ldrh    r6, [r1, #\at]
    cmp     r6, r3
    bhs     .Lbad
    strh    r6, [r0, #\at]
    .endm

    .section .text.spkl_copy_spikes, "ax", %progbits
    .global spkl_copy_spikes
    .type   spkl_copy_spikes, %function
    .balign 4
    .thumb_func
spkl_copy_spikes:
    push    {r4-r7, lr}
    ldr     r4, [r0, #VALUES]
    ldr     r0, [r0, #NEURONS]

    ldr     r5, ones
    movs    r6, r5
    lsrs    r7, r2, #3
    beq     3f
2:  stm     r4!, {r5, r6}
    stm     r4!, {r5, r6}
    subs    r7, #1
    bne     2b

3:  movs    r6, #7
    ands    r6, r2
    mov     r12, r6             /* those behind the eights */
    lsrs    r6, r2, #3
    beq     7f
    lsls    r6, r6, #4
    adds    r6, r6, r1
    mov     lr, r6              /* end of the eights */
    lsls    r6, r1, #30
    bmi     6f
    movs    r6, #1
    lsls    r6, r6, #15
    subs    r6, r6, r3
    blo     6f
    push    {r3-r5}
    lsls    r3, r6, #16
    orrs    r3, r6
    movs    r2, #0
4:  ldm     r1!, {r4-r7}
    stm     r0!, {r4-r7}
    two     r4
    two     r5
    two     r6
    two     r7
    cmp     r1, lr
    bne     4b
    pop     {r3-r5}
    ldr     r6, upper
    tst     r2, r6
    beq     7f
.Lbad:
    movs    r0, #0
    pop     {r4-r7, pc}
6:  one     0
    one     2
    one     4
    one     6
    one     8
    one     10
    one     12
    one     14
    adds    r0, #16
    adds    r1, #16
    cmp     r1, lr
    bne     6b
7:  mov     r2, r12
    lsls    r2, r2, #1
    adds    r2, r2, r1
    b       9f
8:  one     0
    strh    r5, [r4]
    adds    r4, #2
    adds    r0, #2
    adds    r1, #2
9:  cmp     r1, r2
    bne     8b
    movs    r0, #1
    pop     {r4-r7, pc}
    .balign 4
ones:
    .word   0x00010001
upper:
    .word   0x80008000
    .size   spkl_copy_spikes, . - spkl_copy_spikes
