/* Rows are addresses. */
#include "spkl_sum_lanes.h"

void spkl_sum_list_u4_s32(int32_t *acc, struct spkl_list *list, size_t n,
                          bool more)
{
    spkl_sum_code_lanes(acc, list, n, more, 4, 0,
                        (uint32_t)(uintptr_t)list->rows);
}
