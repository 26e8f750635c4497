/* The same on all cores with Thumb-2. */
#include "spkl_scale_thumb2.inc"
