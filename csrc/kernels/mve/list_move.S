/* The same on all cores with Thumb-2. */
#include "spkl_list_move_thumb2.inc"
