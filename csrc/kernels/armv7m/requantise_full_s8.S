/* Cortex-M3: the high half of a product is rounded by the bit below it. */
    .macro product x, m, low
    smull   \low, \x, \x, \m
    lsls    \low, \low, #1
    adc     \x, \x, #0
    .endm

#include "spkl_requantise_full_thumb2.inc"
