/* Cortex-M3: a word of four bytes takes seven instructions. */
    .macro word a, b, c, d, w, t
    sxtb    \t, \w
    add     \a, \a, \t
    sxtb    \t, \w, ror #8
    add     \b, \b, \t
    sxtb    \t, \w, ror #16
    add     \c, \c, \t
    add     \d, \d, \w, asr #24
    .endm

    .macro four
    ldr     r3, [r1], #4
    ldmia   r0, {r4-r7}
    word    r4, r5, r6, r7, r3, r8
    stmia   r0!, {r4-r7}
    .endm

    .macro eight
    ldmia   r1!, {r3-r4}
    ldmia.w r0, {r5-r8}
    word    r5, r6, r7, r8, r3, r9
    stmia   r0!, {r5-r8}
    ldmia   r0, {r5-r8}
    word    r5, r6, r7, r8, r4, r9
    stmia.w r0!, {r5-r8}
    .endm

#include "spkl_runs_thumb2.inc"
