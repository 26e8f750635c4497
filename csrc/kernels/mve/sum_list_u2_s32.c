/* Two products in one UMLAL. */
#include "spkl_sum_codes_thumb2.h"

void spkl_sum_list_u2_s32(int32_t *acc, struct spkl_list *list, size_t n,
                          bool more)
{
    spkl_sum_codes(acc, list, n, more, 2);
}
