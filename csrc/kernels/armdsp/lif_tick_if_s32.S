/* Cortex-M4, M33. */
#include "spkl_if_thumb2.inc"
