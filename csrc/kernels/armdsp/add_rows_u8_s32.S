/* Cortex-M4, M33: UXTAB16 adds two bytes to two 16-bit lanes. Lanes start at
 * -128 n_rows, so they end as signed sums. */
    .equ ROW, 4
    .equ WORD, 8

    .macro add_word even, odd, word
    uxtab16 \even, \even, \word
    uxtab16 \odd, \odd, \word, ror #8
    .endm

    .macro widen_word even, odd
    ldmia.w lr, {r6-r9}
    sxtah   r6, r6, \even
    sxtah   r7, r7, \odd
    sxtah   r8, r8, \even, ror #16
    sxtah   r9, r9, \odd, ror #16
    stmia.w lr!, {r6-r9}
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
