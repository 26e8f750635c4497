#include "net.h"

bool spkl_copy_spikes(const struct spkl_source *to, const uint16_t *from,
                      size_t n, uint32_t size)
{
    for (size_t i = 0; i < n; i++) {
        if (from[i] >= size) {
            return false;
        }
        to->neurons[i] = from[i];
        to->values[i] = 1;
    }
    return true;
}
