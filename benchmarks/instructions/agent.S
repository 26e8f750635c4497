/*
 * What runs on a bare core in QEMU (machine_qemu.py): waits for a byte from the
 * host, calls the function of the mailbox with its registers, keeps what they
 * hold afterwards, and answers with a byte. The host writes and reads memory
 * itself. Nothing here is counted.
 */
    .syntax unified
    .thumb

    /* The mailbox, at the begin of the memory that the host sees */
    .equ MAILBOX, 0x60000000
    .equ FUNCTION, 0
    .equ BEFORE, 4      /* r0-r11, then d8-d15 */
    .equ AFTER, 120     /* the same */
    .equ SP_AFTER, 232
    .equ BYTE, 236
    .equ FAULT, 240     /* CFSR, the place */
    .equ ARGUMENTS, 248 /* of semihosting */
    .equ D8, 48         /* behind r0-r11 */

    .equ STACK, 0x60100000

    .equ SYS_OPEN, 0x01
    .equ SYS_WRITE, 0x05
    .equ SYS_READ, 0x06
    .equ SYS_EXIT, 0x18
    .equ CPACR, 0xE000ED88
    .equ CFSR, 0xE000ED28

    .macro semihost call, a, b, c
    ldr     r1, =MAILBOX + ARGUMENTS
    str     \a, [r1]
    str     \b, [r1, #4]
    str     \c, [r1, #8]
    movs    r0, #\call
    bkpt    #0xAB
    .endm

    .section .vectors, "a", %progbits
    .word   STACK
    .word   agent_start
    .rept   14
    .word   agent_fault
    .endr

    .section .text.agent_start, "ax", %progbits
    .global agent_start
    .type   agent_start, %function
    .balign 4
    .thumb_func
agent_start:
    ldr     r0, =CPACR
    ldr     r1, [r0]
    orr     r1, r1, #0xF00000
    str     r1, [r0]
    dsb
    isb
    ldr     r2, =.Lrequest
    movs    r3, #0
    movs    r4, #7
    semihost SYS_OPEN, r2, r3, r4
    mov     r8, r0
    ldr     r2, =.Lreply
    movs    r3, #4
    movs    r4, #5
    semihost SYS_OPEN, r2, r3, r4
    push    {r0, r8}
.Lwait:
    ldr     r2, [sp, #4]
    ldr     r3, =MAILBOX + BYTE
    movs    r4, #1
    semihost SYS_READ, r2, r3, r4
    cmp     r0, #0
    bne     .Lexit
    ldr     r12, =MAILBOX
    add     r0, r12, #BEFORE + D8
    vldmia  r0, {d8-d15}
    add     r0, r12, #BEFORE
    ldr     r12, [r12, #FUNCTION]
    ldmia   r0, {r0-r11}
    sub     sp, #32             /* words beyond the registers */
    blx     r12
    ldr     r12, =MAILBOX + AFTER
    stmia   r12, {r0-r11}
    add     r12, r12, #D8
    vstmia  r12, {d8-d15}
    ldr     r12, =MAILBOX
    mov     r0, sp
    str     r0, [r12, #SP_AFTER]
    ldr     sp, =STACK - 8
    bl      agent_answer
    b       .Lwait
.Lexit:
    movs    r0, #SYS_EXIT
    ldr     r1, =0x20026
    bkpt    #0xAB
    b       .Lexit
    .size   agent_start, . - agent_start

    .section .text.agent_answer, "ax", %progbits
    .type   agent_answer, %function
    .thumb_func
agent_answer:
    ldr     r2, =STACK - 8
    ldr     r2, [r2]
    ldr     r3, =MAILBOX + BYTE
    movs    r4, #1
    semihost SYS_WRITE, r2, r3, r4
    bx      lr
    .size   agent_answer, . - agent_answer

    .section .text.agent_fault, "ax", %progbits
    .type   agent_fault, %function
    .balign 4
    .thumb_func
agent_fault:
    ldr     r2, =CFSR
    ldr     r2, [r2]
    ldr     r3, =MAILBOX
    ldr     r4, [sp, #24]
    str     r2, [r3, #FAULT]
    str     r4, [r3, #FAULT + 4]
    bl      agent_answer
1:  wfi
    b       1b
    .size   agent_fault, . - agent_fault

    .section .rodata.agent, "a", %progbits
.Lrequest:
    .asciz  "request"
.Lreply:
    .asciz  "reply"
