/* The general way. */
#include "spkl_ref_list.h"

size_t spkl_list_above_s8(struct spkl_list *list, const int8_t *in, size_t n,
                          const uint8_t *row)
{
    return spkl_list_any(list, in, n, row);
}
