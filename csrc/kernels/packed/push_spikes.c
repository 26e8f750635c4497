/* Four neurons at a time. */
#include "push_spikes.h"

/* Two spikes of value 1. */
#define ONES UINT32_C(0x00010001)

/* Copy n neurons. Returns whether all are there. */
static bool copy(uint16_t *to, const uint16_t *from, size_t n, uint32_t size)
{
    const uint16_t *end = from + n;

    for (const uint16_t *last = end - n % 4; from != last; from += 4, to += 4) {
        uint32_t a = from[0];
        uint32_t b = from[1];
        uint32_t c = from[2];
        uint32_t d = from[3];

        if (a >= size || b >= size || c >= size || d >= size) {
            return false;
        }
        to[0] = (uint16_t)a;
        to[1] = (uint16_t)b;
        to[2] = (uint16_t)c;
        to[3] = (uint16_t)d;
    }
    for (; from != end; from++, to++) {
        if (*from >= size) {
            return false;
        }
        *to = *from;
    }
    return true;
}

/* As many values of 1, rounded up to the room of the list: four. */
static void fill(int16_t *values, size_t n)
{
    struct spkl_word *at = (void *)values;

    for (const struct spkl_word *end = at + (n + 3) / 4 * 2; at != end;
         at += 2) {
        at[0].word = ONES;
        at[1].word = ONES;
    }
}

static bool list(uint16_t *neurons, int16_t *values, const uint16_t *from,
                 size_t n, uint32_t size)
{
    if (!copy(neurons, from, n, size)) {
        return false;
    }
    fill(values, n);
    return true;
}

int spkl_push_spikes(struct spkl_net *net, unsigned port,
                     const uint16_t *neurons, size_t n)
{
    return spkl_stage_spikes(net, port, neurons, n, list);
}
