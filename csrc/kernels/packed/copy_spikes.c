/* Two spikes at a time. */
#include "net.h"

/* The top bits of two halves. */
#define TOPS UINT32_C(0x80008000)
#define ONES UINT32_C(0x00010001)

enum { HALF = 0x8000 };

/* Pairs: the top bit of a half of `bad` says that a neuron is no less than
 * size, which is at most HALF. A half that carries over has its own top bit
 * set. */
static bool copy_pairs(struct spkl_word *neurons, struct spkl_word *values,
                       const struct spkl_word *from, size_t n, uint32_t size)
{
    const struct spkl_word *end = from + n;
    uint32_t up = (HALF - size) * ONES;
    uint32_t bad = 0;

    for (const struct spkl_word *last = end - n % 4; from != last;
         from += 4, neurons += 4, values += 4) {
        uint32_t a = from[0].word;
        uint32_t b = from[1].word;
        uint32_t c = from[2].word;
        uint32_t d = from[3].word;

        neurons[0].word = a;
        neurons[1].word = b;
        neurons[2].word = c;
        neurons[3].word = d;
        values[0].word = values[1].word = ONES;
        values[2].word = values[3].word = ONES;
        bad |= a | (a + up) | b | (b + up) | c | (c + up) | d | (d + up);
    }
    for (; from != end; from++, neurons++, values++) {
        uint32_t a = from->word;

        neurons->word = a;
        values->word = ONES;
        bad |= a | (a + up);
    }
    return (bad & TOPS) == 0;
}

bool spkl_copy_spikes(const struct spkl_source *to, const uint16_t *from,
                      size_t n, uint32_t size)
{
    size_t i = 0;

    if (size <= HALF && ((uintptr_t)from & 3u) == 0) {
        i = n & ~(size_t)1;
        if (!copy_pairs((void *)to->neurons, (void *)to->values,
                        (const void *)from, n / 2, size)) {
            return false;
        }
    }
    for (; i < n; i++) {
        if (from[i] >= size) {
            return false;
        }
        to->neurons[i] = from[i];
        to->values[i] = 1;
    }
    return true;
}
