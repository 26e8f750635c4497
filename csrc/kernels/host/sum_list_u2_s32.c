/* As in ref: few networks have such weights. */
#include "spkl_ref_list.h"

void spkl_sum_list_u2_s32(int32_t *acc, struct spkl_list *list, size_t n,
                          bool more)
{
    spkl_sum_any_list(acc, list, n, more, 2);
}
