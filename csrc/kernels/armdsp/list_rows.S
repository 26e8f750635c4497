#include "spkl_list_rows_thumb2.inc"
