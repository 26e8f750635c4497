/*
 * Rows of depthwise layers with kernels of 3 x 3 on Cortex-M55 (MVE): four
 * channels at a time, output after output. Stack: 120 bytes.
 *
 * Sums of words are exact: they are `near`. A sum below 0 becomes -128 however
 * it is rounded, so VQRDMULH and VRSHL round as graded 1.3 does.
 */
    .syntax unified
    .thumb

    /* struct spkl_sweep */
    .equ IN, 0
    .equ OUT, 4
    .equ ROW, 8
    .equ STEP, 12
    .equ N, 16
    .equ WHOLE, 20
    .equ LEFT, 24
    .equ RIGHT, 28
    .equ DOWN, 32
    .equ STRIDE, 36
    .equ ZERO, 40
    .equ KEPT, 52

    /* What prepare_3x3_s8.c keeps of four channels */
    .equ BASE, 0        /* bias less the zero point times all weights */
    .equ BIAS, 16
    .equ MULTIPLIER, 32
    .equ SHIFT, 48      /* bytes */
    .equ WEIGHTS, 52    /* bytes [3][3][4] */
    .equ KEPT_SIZE, 96

    /* Stack */
    .equ SWEEP, 0
    .equ CODE, 4
    .equ FRAME, 16

    /* One output, of the columns `from` to `to` and rows `top` to `bottom` of
     * the kernel: r1 in, r2 out, r3 step, r4 row - 2 step, r5 stride step, r6
     * kept, r7 -zero, r8 128, q4 multiplier, q5 shift, q6 base, q7 bias. */
    .macro output top, bottom, from, to
    mov     r0, r1
    .irp    k, 0, 1, 2, 3, 4, 5, 6, 7, 8
    .if \k / 3 >= \top && \k / 3 <= \bottom && \k % 3 >= \from && \k % 3 <= \to
    tap     \k, \top, \bottom, \from, \to
    .endif
    .endr
    vqrdmulh.s32 q0, q0, q4
    add     r1, r1, r5
    vrshl.s32 q0, q0, q5
    vqmovunb.s32 q0, q0
    vqmovnb.u16 q0, q0
    vadd.i32 q0, q0, r8
    vstrb.32 q0, [r2]
    add     r2, r2, r3
    .endm

    .macro tap k, top, bottom, from, to
    vldrb.s32 q1, [r0]
    vldrb.s32 q2, [r6, #WEIGHTS + 4 * \k]
    .if \bottom - \top + \to - \from < 4
    vadd.i32 q1, q1, r7
    .endif
    .if \k % 3 < \to
    add     r0, r0, r3
    .elseif \k / 3 < \bottom
    add     r0, r0, r4
    .if \to - \from < 2
    add     r0, r0, r3
    .endif
    .endif
    .if \k == 3 * \top + \from
    vmul.i32 q0, q1, q2
    .if \bottom - \top + \to - \from < 4
    vadd.i32 q0, q0, q7
    .else
    vadd.i32 q0, q0, q6
    .endif
    .else
    vmul.i32 q1, q1, q2
    vadd.i32 q0, q0, q1
    .endif
    .endm

    /* A row of outputs. */
    .macro outputs top, bottom
    ldr     r12, [sp, #SWEEP]
    ldrd    r9, r0, [r12, #WHOLE]
    cmp     r0, #0
    beq     1f
    sub     r9, r9, #1
    output  \top, \bottom, 1, 2
    sub     r1, r1, r3
1:  cmp     r9, #0
    beq     3f
2:  output  \top, \bottom, 0, 2
    subs    r9, #1
    bne     2b
3:  ldr     r0, [r12, #RIGHT]
    cmp     r0, #0
    beq     .Lnext
    output  \top, \bottom, 0, 1
    b       .Lnext
    .endm

    .section .text.spkl_sweep_3x3_s8, "ax", %progbits
    .global spkl_sweep_3x3_s8
    .type   spkl_sweep_3x3_s8, %function
    .balign 4
    .thumb_func
spkl_sweep_3x3_s8:
    push    {r4-r11, lr}
    sub     sp, #4
    vpush   {d8-d15}
    sub     sp, #FRAME
    str     r0, [sp, #SWEEP]
    ldr     r10, [r0, #IN]
    ldr     r11, [r0, #OUT]
    ldrd    r4, r3, [r0, #ROW]
    ldr     r6, [r0, #KEPT]
    ldr     r7, [r0, #ZERO]
    rsbs    r7, r7, #0
    mov     r8, #128
    ldr     r1, [r0, #DOWN]
    adr.w   r2, .Lall
    cmp     r1, #0
    beq     1f
    adr.w   r2, .Llower
    blt     1f
    adr.w   r2, .Lupper
    add     r10, r10, r4
1:  orr     r2, r2, #1
    str     r2, [sp, #CODE]
    sub     r4, r4, r3, lsl #1
    ldr     r5, [r0, #STRIDE]
    mul     r5, r5, r3
    ldr     r1, [r0, #N]
    dlstp.32 lr, r1
.Lfour:
    vldrw.u32 q6, [r6, #BASE]
    vldrw.u32 q7, [r6, #BIAS]
    vldrw.u32 q4, [r6, #MULTIPLIER]
    vldrb.s32 q5, [r6, #SHIFT]
    ldr     r0, [sp, #CODE]
    mov     r1, r10
    mov     r2, r11
    bx      r0
.Lnext:
    adds    r6, #KEPT_SIZE
    add     r10, r10, #4
    add     r11, r11, #4
    letp    lr, .Lfour
    add     sp, #FRAME
    vpop    {d8-d15}
    add     sp, #4
    pop     {r4-r11, pc}

    .balign 4
.Lall:
    outputs 0, 2
    .balign 4
.Llower:
    outputs 1, 2
    .balign 4
.Lupper:
    outputs 0, 1
    .size   spkl_sweep_3x3_s8, . - spkl_sweep_3x3_s8
