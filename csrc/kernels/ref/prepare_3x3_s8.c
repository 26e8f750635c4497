/* sweep_3x3_s8.c keeps nothing. */
#include "spkl_conv_s8.h"

void spkl_prepare_3x3_s8(const struct spkl_sweep *s)
{
    (void)s;
}
