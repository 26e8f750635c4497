/* The general way gives the result. */
#include "spkl_conv_s8.h"

void spkl_requantise_full_s8(int8_t *out, const int32_t *acc, size_t n,
                             const struct spkl_outputs *how)
{
    spkl_requantise_any_s8(out, acc, n, how);
}
