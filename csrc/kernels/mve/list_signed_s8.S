/* The same on all cores with Thumb-2. */
#include "spkl_list_signed_thumb2.inc"
