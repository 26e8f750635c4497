/* Rows are addresses. */
#include "spkl_lanes.h"

size_t spkl_list_signed_s8(struct spkl_list *list, const int8_t *in, size_t n,
                           const uint8_t *row)
{
    return spkl_list_lanes(list, in, n, row, 0,
                           (uint32_t)(uintptr_t)list->rows);
}
