/* Cortex-M4, M33: SMMULR keeps the rounded high half of a product. */
    .macro product x, m, low
    smmulr  \x, \x, \m
    .endm

#include "spkl_requantise_full_thumb2.inc"
