/* Lanes of 16 bits. */
#include "spkl_sum_pairs.h"

void spkl_sum_list_u2_s32(int32_t *acc, struct spkl_list *list, size_t n,
                          bool more)
{
    spkl_sum_code_pairs(acc, list, n, more, 2);
}
