/* Windows that go over a map: docs/reference/graded.md 3. */
#include "pool.h"

#include "checks.h"
#include "elements.h"
#include "spkl_requantise.h"

/* Whether windows have a tap inside the map each. */
static bool is_axis(int32_t in, int32_t out, int32_t kernel, int32_t stride,
                    int32_t pad)
{
    return spkl_is_size(in) && spkl_is_size(out) && spkl_is_small(kernel) &&
           spkl_is_small(stride) && spkl_is_between(pad, 0, kernel - 1) &&
           (out - 1) * stride - pad < in;
}

bool spkl_check_pool(const struct spkl_layer *layer, uint32_t *scratch)
{
    const struct spkl_pool_parameters *p = layer->parameters;

    if (layer->out_type == SPKL_TENSOR_INT32 ||
        layer->in_type[0] != layer->out_type || !spkl_has_no_arrays(layer) ||
        !is_axis(p->in_height, p->out_height, p->kernel_y, p->stride_y,
                 p->pad_y) ||
        !is_axis(p->in_width, p->out_width, p->kernel_x, p->stride_x,
                 p->pad_x) ||
        !spkl_is_size(p->channels) ||
        !spkl_is_product(layer->in_size[0], p->in_height, p->in_width,
                         p->channels) ||
        !spkl_is_product(layer->out_size, p->out_height, p->out_width,
                         p->channels) ||
        !spkl_is_clamp(p->act_min, p->act_max, layer->out_type)) {
        return false;
    }
    *scratch = (uint32_t)p->channels * layer->out_type;
    return true;
}

/* The taps inside a map along an axis: the first, and how many. */
static uint32_t clip(int32_t *first, int32_t kernel, int32_t in)
{
    int32_t end = *first + kernel < in ? *first + kernel : in;

    if (*first < 0) {
        *first = 0;
    }
    return (uint32_t)(end - *first);
}

static struct spkl_window taps_of(const struct spkl_pool_parameters *p,
                                  int32_t oy, int32_t ox)
{
    int32_t y = oy * p->stride_y - p->pad_y;
    int32_t x = ox * p->stride_x - p->pad_x;
    struct spkl_window taps;

    taps.rows = clip(&y, p->kernel_y, p->in_height);
    taps.columns = clip(&x, p->kernel_x, p->in_width);
    taps.column = (uint32_t)p->channels;
    taps.row = ((uint32_t)p->in_width - taps.columns) * taps.column;
    taps.first = (uint32_t)(y * p->in_width + x) * taps.column;
    taps.n = taps.rows * taps.columns;
    if (taps.row == 0) {
        taps.columns = taps.n;
        taps.rows = 1;
    }
    return taps;
}

/* A pixel is written when all its channels are known: it may lie where its taps
 * are. */
void spkl_run_pool(const struct spkl_layer *layer, spkl_pool_fn *s8,
                   spkl_pool_fn *s16)
{
    const struct spkl_pool_parameters *p = layer->parameters;
    uint32_t type = layer->out_type;
    spkl_pool_fn *pool = type == SPKL_TENSOR_INT8 ? s8 : s16;
    uint32_t n = (uint32_t)p->channels * type;
    const uint8_t *kept = layer->scratch;
    uint8_t *out = layer->out;

    for (int32_t oy = 0; oy < p->out_height; oy++) {
        for (int32_t ox = 0; ox < p->out_width; ox++) {
            struct spkl_window taps = taps_of(p, oy, ox);
            const uint8_t *from =
                (const uint8_t *)layer->in[0] + taps.first * type;

            for (uint32_t c = 0; c < (uint32_t)p->channels; c++) {
                int32_t q = pool(from + c * type, &taps);

                spkl_set_element(layer->scratch, type, c,
                                 spkl_clamp_to(q, p->act_min, p->act_max));
            }
            for (uint32_t i = 0; i < n; i++) {
                *out++ = kept[i];
            }
        }
    }
}
