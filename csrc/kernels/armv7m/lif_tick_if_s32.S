/* Cortex-M3. */
#include "spkl_if_thumb2.inc"
