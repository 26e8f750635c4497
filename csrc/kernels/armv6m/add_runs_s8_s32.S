/*
 * Cortex-M0, M0+: four bytes a pass, at words; others one by one. Stack: 36
 * bytes.
 */
    .syntax unified
    .thumb

#include "spkl_thumb1.inc"

    .section .text.spkl_add_runs_s8_s32, "ax", %progbits
    .global spkl_add_runs_s8_s32
    .type   spkl_add_runs_s8_s32, %function
    .balign 4
    .thumb_func
spkl_add_runs_s8_s32:
    save_all
    ldm     r2!, {r3-r6}
    mov     r8, r3              /* n */
    mov     r9, r4              /* runs left */
    subs    r5, r5, r3
    lsls    r5, r5, #2
    mov     r10, r5             /* steps from the end of a run to the next */
    subs    r6, r6, r3
    mov     r11, r6

.Lrun:
    mov     r2, r8              /* bytes left */
    lsls    r3, r1, #30
    bne     .Lbytes
    /* r12: where the last word ends */
.Lwords:
    lsrs    r3, r2, #2
    beq     .Lbytes
    lsls    r3, r3, #2
    subs    r2, r2, r3
    adds    r3, r3, r1
    mov     r12, r3
    mov     lr, r2
1:  ldm     r1!, {r7}
    ldm     r0!, {r3-r6}
    subs    r0, #16
    sxtb    r2, r7
    adds    r3, r3, r2
    lsls    r2, r7, #16
    asrs    r2, r2, #24
    adds    r4, r4, r2
    lsls    r2, r7, #8
    asrs    r2, r2, #24
    adds    r5, r5, r2
    asrs    r7, r7, #24
    adds    r6, r6, r7
    stm     r0!, {r3-r6}
    cmp     r1, r12
    bne     1b
    mov     r2, lr
    cmp     r2, #0
    beq     .Lnext
.Lbytes:
    movs    r4, #0
2:  ldrsb   r3, [r1, r4]
    ldr     r5, [r0]
    adds    r5, r5, r3
    stm     r0!, {r5}
    adds    r1, #1
    subs    r2, #1
    beq     .Lnext
    lsls    r3, r1, #30
    bne     2b
    b       .Lwords
.Lnext:
    add     r0, r10
    add     r1, r11
    mov     r2, r9
    subs    r2, #1
    mov     r9, r2
    bne     .Lrun
    return_all
    .size   spkl_add_runs_s8_s32, . - spkl_add_runs_s8_s32
