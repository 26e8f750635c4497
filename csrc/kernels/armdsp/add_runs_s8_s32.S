/* Cortex-M4, M33: SXTAB adds a signed byte of a word to a sum. */
    .macro word a, b, c, d, w
    sxtab   \a, \a, \w
    sxtab   \b, \b, \w, ror #8
    sxtab   \c, \c, \w, ror #16
    add     \d, \d, \w, asr #24
    .endm

    .macro eight
    ldmia   r1!, {r3-r4}
    ldmia.w r0, {r5-r12}
    word    r5, r6, r7, r8, r3
    word    r9, r10, r11, r12, r4
    stmia.w r0!, {r5-r12}
    .endm

    .macro four
    ldr     r3, [r1], #4
    ldmia   r0, {r4-r7}
    word    r4, r5, r6, r7, r3
    stmia   r0!, {r4-r7}
    .endm

#include "spkl_runs_thumb2.inc"
