/* Cortex-M4, M33: UXTAB16 adds two bytes to two 16-bit lanes. Lanes start at
 * -128 n_rows, so they end as signed sums. */
    .equ ROW, 4
    .equ WORD, 8

    .macro row words, pointer
    .if \words == 3
    ldmia.w \pointer!, {r6-r8}
    .elseif \words == 2
    ldmia.w \pointer!, {r6-r7}
    .else
    ldr.w   r6, [\pointer], #4
    .endif
    uxtab16 r0, r0, r6
    uxtab16 r1, r1, r6, ror #8
    .if \words > 1
    uxtab16 r2, r2, r7
    uxtab16 r3, r3, r7, ror #8
    .endif
    .if \words > 2
    uxtab16 r4, r4, r8
    uxtab16 r5, r5, r8, ror #8
    .endif
    .endm

    .macro widen_word even, odd
    ldmia.w lr, {r6-r9}
    sxtah   r6, r6, \even
    sxtah   r7, r7, \odd
    sxtah   r8, r8, \even, ror #16
    sxtah   r9, r9, \odd, ror #16
    stmia.w lr!, {r6-r9}
    .endm

    .macro widen words
    widen_word r0, r1
    .if \words > 1
    widen_word r2, r3
    .endif
    .if \words > 2
    widen_word r4, r5
    .endif
    .endm

    .macro start
    pkhbt   r4, r4, r4, lsl #16
    mov     r5, r4
    mov     r6, r4
    mov     r7, r4
    mov     r8, r4
    mov     r9, r4
    .endm

#include "spkl_rows_thumb2.inc"
