/* Hosts: eight dark places are passed at once (their step is 0), and nothing is
 * drawn for a single one. */
#include <string.h>

#include "spkl_encode.h"
#include "spkl_hash.h"

enum { AT_ONCE = 8 };

static bool is_dark(const uint8_t *frame)
{
    uint64_t some;

    memcpy(&some, frame, sizeof some);
    return some == 0;
}

static bool fires(const struct spkl_encoding *e, uint32_t i)
{
    uint32_t step = spkl_encode_step(e, i);

    return step > 0 &&
           spkl_hash(e->seed, SPKL_HASH_POISSON, i, e->tick) >> 16 < step;
}

size_t spkl_encode_poisson(const struct spkl_encoding *e, uint16_t *neurons,
                           int16_t *values)
{
    size_t n = 0;

    for (uint32_t i = 0; i < e->n; i++) {
        if (i % AT_ONCE == 0 && e->n - i >= AT_ONCE && is_dark(e->frame + i)) {
            i += AT_ONCE - 1;
        } else if (fires(e, i)) {
            neurons[n] = (uint16_t)i;
            values[n] = 1;
            n++;
        }
    }
    return n;
}
