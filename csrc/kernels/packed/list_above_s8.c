/* Groups of entries for lanes of 16 bits. */
#include "spkl_lanes.h"

size_t spkl_list_above_s8(struct spkl_list *list, const int8_t *in, size_t n,
                          const uint8_t *row)
{
    return spkl_list_lanes(list, in, n, row, (uintptr_t)list->rows, 0);
}
