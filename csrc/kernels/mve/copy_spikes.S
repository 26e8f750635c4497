/* Cortex-M55 (MVE): eight at a time. Stack: 8 bytes. */
    .syntax unified
    .thumb

    /* struct spkl_source; values are behind it */
    .equ NEURONS, 4

    .section .text.spkl_copy_spikes, "ax", %progbits
    .global spkl_copy_spikes
    .type   spkl_copy_spikes, %function
    .balign 4
    .thumb_func
spkl_copy_spikes:
    push    {r7, lr}
    mov     r7, r3
    ldrd    r0, r3, [r0, #NEURONS]
    mov     r12, #0
    vmov.i16 q0, #0
    vmov.i16 q1, #1
    wlstp.16 lr, r2, 2f
1:  vldrh.u16 q2, [r1], #16
    vmax.u16 q0, q0, q2
    vstrh.16 q2, [r0], #16
    vstrh.16 q1, [r3], #16
    letp    lr, 1b
    /* All are below size if the largest is. */
    vmaxv.u16 r12, q0
    movs    r0, #0
    cmp     r12, r7
    it      lo
    movlo   r0, #1
    pop     {r7, pc}
2:  movs    r0, #1
    pop     {r7, pc}
    .size   spkl_copy_spikes, . - spkl_copy_spikes
