/*
 * Cortex-M4, M33: SXTAB16 adds two signed bytes to two 16-bit sums; sixteen
 * sums in eleven instructions. Stack: 92 bytes.
 */
    .syntax unified
    .thumb

    /* struct spkl_pixel, on the stack */
    .equ NEXT, 20
    .equ N, 28
    .equ N_RUNS, 32
    .equ STEPS, 36      /* [2] */
    .equ TAPS, 44
    .equ RUNS_LEFT, 44  /* or */
    .equ LEFT, 48
    .equ ENTRY, 44      /* [3] where the three runs begin */
    .equ FRAME, 56

    .macro word even, odd, w
    sxtab16 \even, \even, \w
    sxtab16 \odd, \odd, \w, ror #8
    .endm

    .equ SIXTEEN, 44    /* bytes of code */

    /* Sixteen bytes at r1 to the sums at r0; both move on. */
    .macro sixteen
    ldmia.w r1!, {r2-r5}
    ldmia.w r0, {r6-r12, lr}
    word    r6, r7, r2
    word    r8, r9, r3
    word    r10, r11, r4
    word    r12, lr, r5
    stmia.w r0!, {r6-r12, lr}
    .endm

    /* A run of three sixteens, or of the last of them; then on to the next. */
    .macro run next
    sixteen
    sixteen
    sixteen
    ldrd    r2, r3, [sp, #STEPS]
    add     r0, r0, r2
    add     r1, r1, r3
    ldr     pc, [sp, #\next]
    .endm

    /* Look for an event, or be done; then at r0 are its sums, at r1 its row. */
    .macro event go
    b       2f
\go:
    str     r8, [sp, #NEXT]
    mla     r1, r1, r5, r4
    .endm

    .macro next_event go
2:  ldmia.w sp, {r0, r4-r9}
    cmp     r8, r9
    beq     .Ldone
    ldrh    r1, [r8], #2
    subs    r1, r1, r6
    cmp     r1, r7
    blo     \go
    b       .Ldone
    .endm

    .section .text.spkl_add_pixel_s8_s16, "ax", %progbits
    .global spkl_add_pixel_s8_s16
    .type   spkl_add_pixel_s8_s16, %function
    .balign 4
    .thumb_func
spkl_add_pixel_s8_s16:
    push    {r4-r11, lr}
    sub     sp, #FRAME - TAPS
    ldmia.w r0, {r2-r12}
    stmdb   sp!, {r2-r12}
    cmp     r9, #48
    bhi     .Lany
    cmp     r10, #3
    bhi     .Lany
    beq     1f
    /* One or two runs of the three. */
    adr.w   r2, .Lrun2
    cmp     r10, #2
    beq     2f
    adr.w   r2, .Lrun3
    b       2f
1:  cmp     r9, #48
    it      eq
    cmpeq   r12, #0
    beq     .Lthree
    adr.w   r2, .Lrun1
2:  rsb     r8, r9, #48
    lsrs    r8, r8, #4
    movs    r3, #SIXTEEN
    mul     r8, r8, r3          /* passes that are left out */
    add     r2, r2, r8
    adds    r2, #1
    str     r2, [sp, #ENTRY]
    adr.w   r2, .Lrun2
    add     r2, r2, r8
    adds    r2, #1
    adr.w   r3, .Lrun3
    add     r3, r3, r8
    adds    r3, #1
    strd    r2, r3, [sp, #ENTRY + 4]
    b       .Lsome

    /* Three runs of 48 whose weights follow each other. */
.Lthree:
    event   .Lthree_go
    .rept   2
    sixteen
    sixteen
    sixteen
    ldr     r2, [sp, #STEPS]
    add     r0, r0, r2
    .endr
    sixteen
    sixteen
    sixteen
    next_event .Lthree_go

    /* Up to three runs of up to 48. */
.Lsome:
    event   .Lsome_go
    ldr     pc, [sp, #ENTRY]
    .balign 4
.Lrun1:
    run     ENTRY + 4
    .balign 4
.Lrun2:
    run     ENTRY + 8
    .balign 4
.Lrun3:
    sixteen
    sixteen
    sixteen
    next_event .Lsome_go

.Lany:
    event   .Lany_go
    ldr     r2, [sp, #N_RUNS]
    str     r2, [sp, #RUNS_LEFT]
1:  ldr     r2, [sp, #N]
    str     r2, [sp, #LEFT]
3:  sixteen
    ldr     r2, [sp, #LEFT]
    subs    r2, #16
    str     r2, [sp, #LEFT]
    bne     3b
    ldrd    r2, r3, [sp, #STEPS]
    add     r0, r0, r2
    add     r1, r1, r3
    ldr     r2, [sp, #RUNS_LEFT]
    subs    r2, #1
    str     r2, [sp, #RUNS_LEFT]
    bne     1b
    next_event .Lany_go

.Ldone:
    ldr     r0, [sp, #NEXT]
    add     sp, #FRAME
    pop     {r4-r11, pc}
    .size   spkl_add_pixel_s8_s16, . - spkl_add_pixel_s8_s16

    .section .rodata.spkl_pixels_pay, "a", %progbits
    .global spkl_pixels_pay
    .type   spkl_pixels_pay, %object
    .balign 4
spkl_pixels_pay:
    .word   1
    .size   spkl_pixels_pay, 4
