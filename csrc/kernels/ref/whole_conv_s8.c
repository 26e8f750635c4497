/* Lists are the way. */
#include "spkl_conv_s8.h"

bool spkl_whole_conv_s8(const struct spkl_layer *layer,
                        const struct spkl_outputs *how, size_t room)
{
    (void)layer;
    (void)how;
    (void)room;
    return false;
}
