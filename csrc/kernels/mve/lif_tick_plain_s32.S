/*
 * The plain LIF tick on Cortex-M55 (MVE): four neurons a vector, four vectors a
 * pass of the fast loop. Those that are no pass, and while somebody asks for a
 * change 16 at a time until there is one, go through a slow loop of one vector;
 * all do where each has a v_min of its own, or a value to be set to. Stack: 344 bytes.
 *
 * Semantics 3.3. |in 2^f + bias| <= V_MAX and |D(v)| <= V_MAX, so their sum w
 * fits in a word. Below -V_MAX it need not be clamped: it is then not above
 * fire_above, nor is w - reset, which saturates, and v_min is at least -V_MAX.
 */
    .syntax unified
    .thumb

#include "spkl_lif_record.inc"

    .equ FLAG_SET, 2 << 7
    .equ FLAG_NEXT, 1 << 9
    .equ FLAG_BEFORE, 1 << 10

    /* Stack */
    .equ BIASES, 0      /* [16] copies of one parameter of all */
    .equ ABOVES, 64     /* [16] */
    .equ RESETS, 128    /* [16] */
    .equ MINS, 192      /* [4] */
    .equ LOOPS, 208     /* the slow and the fast one */
    .equ LEFT, 216      /* neurons */
    .equ CHANGED, 220   /* what p->changed points to, and whether to go fast */
    .equ FIRED, 228
    .equ V, 232
    .equ MAY, 236       /* whether the fast loop may be used */
    .equ FRAME, 240

    /* When neurons are reset: */
    .equ NOW, 0
    .equ LATE, 1        /* in the next tick, the finished sum */
    .equ EARLY, 2       /* in the next tick, v before the leak */

    /* And how: */
    .equ SUBTRACT, 0
    .equ SET, 1

    /* And in which loop: */
    .equ SLOW, 0        /* any parameters may be one each */
    .equ FAST, 1        /* v_min is q7, and what is set r9 */

    /* w = R(w), where the vector `what` is above q1; q2 is free */
    .macro reset w, what, k, how, speed
    .if \how == SET && \speed == FAST
    vpt.s32 gt, \what, q1
    vdupt.32 \w, r9
    .else
    vldrw.u32 q2, [r9, #16 * (\k)]
    vpt.s32 gt, \what, q1
    .if \how == SET
    vorrt   \w, q2, q2
    .else
    vqsubt.s32 \w, \w, q2
    .endif
    .endif
    .endm

    /* Vector k of a pass: r0 v, r1 in, r2 bias, r3 fire_above, r4 v_min, r6
     * unit, r9 reset, r11 how many v are in D(v), q4 leak, q5 0, q6 V_MAX.
     * Before the leak nothing may be below -V_MAX. Leaves who fired in `mask`,
     * and but for EARLY the old v in q3. */
    .macro vector k, when, how, speed, mask
    vldrw.u32 q3, [r0]
    .if \when == EARLY
    vldrw.u32 q1, [r3, #16 * (\k)]
    reset   q3, q3, \k, \how, \speed
    .if \how == SUBTRACT
    vneg.s32 q2, q6
    vmax.s32 q3, q3, q2
    .endif
    .endif
    vmulh.s32 q0, q3, q4
    vldrw.u32 q2, [r1]
    vmla.s32 q0, q3, r11
    vmla.s32 q0, q2, r6
    vldrw.u32 q2, [r2, #16 * (\k)]
    vstrw.32 q5, [r1], #16
    vadd.i32 q0, q0, q2
    .if \when != EARLY
    vldrw.u32 q1, [r3, #16 * (\k)]
    .endif
    vmin.s32 q0, q0, q6
    .if \when == LATE
    reset   q0, q3, \k, \how, \speed
    .endif
    .if \when == NOW
    reset   q0, q0, \k, \how, \speed
    .else
    vcmp.s32 gt, q0, q1
    .endif
    vmrs    \mask, p0
    .if \speed == FAST
    vmax.s32 q0, q0, q7
    .else
    vldrw.u32 q2, [r4]
    vmax.s32 q0, q0, q2
    .endif
    .endm

    /* Lists the neurons whose four bits in r12 are set, those of the vectors
     * that end at r0, n of them. */
    .macro list n
    ldr     r5, [sp, #V]
    and     r12, r12, #0x11111111
    sub     r5, r0, r5
    lsr     r5, r5, #2
    subs    r5, #4 * \n
1:  rbit    r10, r12
    clz     r10, r10
    add     r10, r5, r10, lsr #2
    strh    r10, [r7], #2
    sub     r10, r12, #1
    ands    r12, r12, r10
    bne     1b
    .endm

    .macro pair id, k, when, how
    vector  \k, \when, \how, FAST, r12
    vstrw.32 q0, [r0], #16
    vector  \k + 1, \when, \how, FAST, r10
    vstrw.32 q0, [r0], #16
    orrs    r12, r12, r10, lsl #16
    bne     .Lfire_\id
.Lfired_\id:
    .endm

    /* r8: how far bias, fire_above, v_min and reset go on, a byte each. */
    .macro go_on how, speed
    uxtab   r2, r2, r8
    uxtab   r3, r3, r8, ror #8
    .if \speed == SLOW
    uxtab   r4, r4, r8, ror #16
    .endif
    .if \speed == SLOW || \how == SUBTRACT
    uxtab   r9, r9, r8, ror #24
    .endif
    .endm

    .macro loops id, when, how
.Lvectors_\id:
1:  vector  0, \when, \how, SLOW, r12
    .if \when == EARLY
    vldrw.u32 q3, [r0]
    .endif
    vcmp.i32 ne, q0, q3
    vstrw.32 q0, [r0], #16
    vmrs    r10, p0
    cmp     r10, #0
    bne     .Lchanged_\id
.Lwas_changed_\id:
    cmp     r12, #0
    bne     .Lfire_first_\id
.Lfired_first_\id:
    go_on   \how, SLOW
    letp    lr, 1b
    b       .Lnext
.Lpasses_\id:
    lsl     r8, r8, #2
    vldrw.u32 q7, [r4]
    .if \how == SET
    ldr     r9, [r9]
    .endif
1:  pair    a_\id, 0, \when, \how
    pair    b_\id, 2, \when, \how
    go_on   \how, FAST
    le      lr, 1b
    lsr     r8, r8, #2
    .if \how == SET
    add     r9, sp, #RESETS
    .endif
    b       .Lnext
.Lchanged_\id:
    ldr     r5, [sp, #CHANGED]
    mov     r10, #1
    strb    r10, [r5]
    ldr     r10, [sp, #MAY]
    str     r10, [sp, #CHANGED + 4]
    b       .Lwas_changed_\id
.Lfire_first_\id:
    list    1
    b       .Lfired_first_\id
.Lfire_a_\id:
    list    2
    b       .Lfired_a_\id
.Lfire_b_\id:
    list    2
    b       .Lfired_b_\id
    .endm

    /* reg = where a parameter stands, in its array or in copies on the stack;
     * its step goes into byte k of r8. r0 is p; r5, r6 and q0 are free. */
    .macro param reg, offset, copies, k
    ldrd    \reg, r6, [r0, #\offset]
    cbnz    r6, 1f
    ldr     r5, [\reg]
    add     \reg, sp, #\copies
    vdup.32 q0, r5
    vstrw.32 q0, [\reg]
    .if \copies != MINS
    vstrw.32 q0, [\reg, #16]
    vstrw.32 q0, [\reg, #32]
    vstrw.32 q0, [\reg, #48]
    .endif
1:  orr     r8, r8, r6, lsl #4 + 8 * \k
    .endm

    .macro choose id
    adr.w   r5, .Lvectors_\id
    adr.w   r12, .Lpasses_\id
    .endm

    .section .text.spkl_lif_tick_plain_s32, "ax", %progbits
    .global spkl_lif_tick_plain_s32
    .type   spkl_lif_tick_plain_s32, %function
    .balign 4
    .thumb_func
spkl_lif_tick_plain_s32:
    push    {r4-r11, lr}
    sub     sp, #4
    vpush   {d8-d15}
    sub     sp, #FRAME
    ldrb    r2, [r1]
    mov     r8, #0
    strd    r1, r2, [sp, #CHANGED]
    param   r2, P_BIAS, BIASES, 0
    param   r3, P_ABOVE, ABOVES, 1
    param   r4, P_MIN, MINS, 2
    param   r1, P_RESET, RESETS, 3
    mov     r9, r1
    ldr     r1, [r0, #P_FLAGS]
    mov     r5, #0xFF0000
    tst     r1, #FLAG_SET
    it      ne
    orrne   r5, r5, #0xFF000000
    ands    r5, r5, r8
    ite     eq
    moveq   r5, #1
    movne   r5, #0
    ldr     r6, [sp, #CHANGED + 4]
    str     r5, [sp, #MAY]
    ands    r6, r6, r5
    str     r6, [sp, #CHANGED + 4]
    tst     r1, #FLAG_NEXT
    bne     1f
    choose  now
    tst     r1, #FLAG_SET
    beq     4f
    choose  now_set
    b       4f
1:  tst     r1, #FLAG_BEFORE
    bne     2f
    choose  late
    tst     r1, #FLAG_SET
    beq     4f
    choose  late_set
    b       4f
2:  choose  early
    tst     r1, #FLAG_SET
    beq     4f
    choose  early_set
4:  orr     r5, r5, #1
    orr     r12, r12, #1
    strd    r5, r12, [sp, #LOOPS]

    /* D(v) is (v 2^16 k) >> 32 of a decay k below a half, else v more than
     * that of k - 2^16. */
    ldr     r5, [r0, #P_DECAY]
    ldr     r5, [r5]
    lsrs    r11, r5, #15
    it      ne
    movne   r11, #1
    lsls    r5, r5, #16
    vdup.32 q4, r5
    vmov.i32 q5, #0
    mvn     r5, #0xC0000000
    vdup.32 q6, r5
    ldrh    r5, [r0, #P_FRAC]
    movs    r6, #1
    lsls    r6, r6, r5
    ldr     r7, [r0, #P_FIRED]
    str     r7, [sp, #FIRED]
    ldr     r1, [r0, #P_IN]
    ldr     r12, [r0, #P_N]
    ldr     r0, [r0, #P_V]
    str     r0, [sp, #V]

    /* Passes if nobody asks what has changed, and what is left of them. Else
     * first vectors that are no pass, up to 16 neurons; then passes if a neuron
     * has changed, or 16 more; what is no vector is last. */
    mov     r5, r12
    cmp     r12, #16
    blo     .Lsome
    ldr     r10, [sp, #CHANGED + 4]
    cmp     r10, #0
    bne     .Lgo
    ands    r5, r12, #12
    it      eq
    moveq   r5, #16
.Lsome:
    sub     r12, r12, r5
    str     r12, [sp, #LEFT]
    ldr     r12, [sp, #LOOPS]
    dlstp.32 lr, r5
    bx      r12
.Lnext:
    ldr     r12, [sp, #LEFT]
    cmp     r12, #0
    beq     .Ldone
    mov     r5, r12
    cmp     r12, #16
    blo     .Lsome
    ldr     r10, [sp, #CHANGED + 4]
    movs    r5, #16
    cmp     r10, #0
    beq     .Lsome
.Lgo:
    and     r5, r12, #15
    str     r5, [sp, #LEFT]
    lsr     r12, r12, #4
    ldr     r10, [sp, #LOOPS + 4]
    dls     lr, r12
    bx      r10
.Ldone:
    ldr     r0, [sp, #FIRED]
    subs    r0, r7, r0
    lsrs    r0, r0, #1
    add     sp, #FRAME
    vpop    {d8-d15}
    add     sp, #4
    pop     {r4-r11, pc}

    loops   now, NOW, SUBTRACT
    loops   now_set, NOW, SET
    loops   late, LATE, SUBTRACT
    loops   late_set, LATE, SET
    loops   early, EARLY, SUBTRACT
    loops   early_set, EARLY, SET
    .size   spkl_lif_tick_plain_s32, . - spkl_lif_tick_plain_s32
