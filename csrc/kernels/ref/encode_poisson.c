#include "spkl_encode.h"
#include "spkl_hash.h"

size_t spkl_encode_poisson(const struct spkl_encoding *e, uint16_t *neurons,
                           int16_t *values)
{
    size_t n = 0;

    for (uint32_t i = 0; i < e->n; i++) {
        uint32_t random =
            spkl_hash(e->seed, SPKL_HASH_POISSON, i, e->tick) >> 16;

        if (random < spkl_encode_step(e, i)) {
            neurons[n] = (uint16_t)i;
            values[n] = 1;
            n++;
        }
    }
    return n;
}
