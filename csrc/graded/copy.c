#include "checks.h"
#include "elements.h"
#include "walk.h"

bool spkl_check_copy(const struct spkl_layer *layer, uint32_t table_length,
                     uint32_t *scratch)
{
    const struct spkl_copy_parameters *p = layer->parameters;

    (void)table_length;
    (void)scratch;
    return layer->in_type[0] == layer->out_type && spkl_has_no_arrays(layer) &&
           spkl_walk_is_of(p->size, layer->out_size, false) &&
           spkl_walk_is_inside(p->size, p->in_step, p->in_start,
                               layer->in_size[0]) &&
           spkl_walk_is_inside(p->size, p->out_step, p->out_start,
                               layer->out_size);
}

/* Words where both are aligned, and each word that is read was not written
 * before its bytes would have been: then the order of the bytes is kept. */
static void copy_bytes(uint8_t *out, const uint8_t *in, uint32_t n)
{
    uintptr_t ahead = (uintptr_t)out - (uintptr_t)in;

    if ((((uintptr_t)out | (uintptr_t)in) & 3u) == 0 && ahead >= 4) {
        for (; n >= 4; n -= 4) {
            ((struct spkl_word *)(void *)out)->word =
                ((const struct spkl_word *)(const void *)in)->word;
            out += 4;
            in += 4;
        }
    }
    for (; n > 0; n--) {
        *out++ = *in++;
    }
}

static void copy_run(const struct spkl_layer *layer,
                     const struct spkl_walk_axes *walk, uint32_t from,
                     uint32_t to)
{
    uint32_t type = layer->out_type;
    uint32_t n = (uint32_t)walk->size[0];

    if (n == 1 || (walk->step[0][0] == 1 && walk->step[0][1] == 1)) {
        copy_bytes((uint8_t *)layer->out + type * to,
                   (const uint8_t *)layer->in[0] + type * from, type * n);
        return;
    }
    for (; n > 0; n--) {
        spkl_set_element(layer->out, type, to,
                         spkl_element(layer->in[0], type, from));
        from += (uint32_t)walk->step[0][0];
        to += (uint32_t)walk->step[0][1];
    }
}

void spkl_run_copy(const struct spkl_layer *layer)
{
    const struct spkl_copy_parameters *p = layer->parameters;
    struct spkl_walk_axes walk;

    spkl_walk_begin(&walk, p->size, p->in_step, p->out_step);
    do {
        copy_run(layer, &walk, (uint32_t)(p->in_start + walk.at[0]),
                 (uint32_t)(p->out_start + walk.at[1]));
    } while (spkl_walk_next(&walk));
}
