/* Cortex-M4, M33: UXTAB16 adds two bytes to two 16-bit lanes. Lanes start at -8
 * n_rows, so they end as signed sums. */
    .macro widen even, high
    uxtab16 r8, r8, \even
    uxtab16 r10, r10, \even, ror #8
    bic     \even, \even, #0xFF
    sub     \high, \high, \even, lsr #4
    uxtab16 r9, r9, \high
    uxtab16 r11, r11, \high, ror #8
    .endm

    .macro finish
    ldmia.w lr, {r4-r7}
    sxtah   r4, r4, r0
    sxtah   r5, r5, r1
    sxtah   r6, r6, r2
    sxtah   r7, r7, r3
    stmia.w lr!, {r4-r7}
    ldmia.w lr, {r4-r7}
    sxtah   r4, r4, r0, ror #16
    sxtah   r5, r5, r1, ror #16
    sxtah   r6, r6, r2, ror #16
    sxtah   r7, r7, r3, ror #16
    stmia.w lr!, {r4-r7}
    .endm

    .macro start
    pkhbt   r4, r4, r4, lsl #16
    mov     r5, r4
    .endm

#include "spkl_rows_u4_thumb2.inc"
