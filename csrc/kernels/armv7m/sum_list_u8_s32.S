/* Two products in one UMLAL. */
#include "spkl_sum_list_thumb2.inc"
