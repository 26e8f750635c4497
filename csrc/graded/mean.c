/* The mean over some axes: docs/reference/graded.md 3.3. */
#include "checks.h"
#include "elements.h"
#include "spkl_requantise.h"

enum { AXES = 3 };

/* Sizes of three axes: whether together they have at most, or just, n
 * elements. */
static bool are_sizes(const int32_t *size, uint32_t n, bool exactly)
{
    uint64_t product = 1;

    for (unsigned k = 0; k < AXES; k++) {
        if (!spkl_is_size(size[k])) {
            return false;
        }
        product *= (uint32_t)size[k];
    }
    return product == n || (product < n && !exactly);
}

/* The farthest elements that steps lead to. */
static void reach(const int32_t *size, const int32_t *step, int64_t *low,
                  int64_t *high)
{
    for (unsigned k = 0; k < AXES; k++) {
        int64_t far = (int64_t)step[k] * (size[k] - 1);

        *low += far < 0 ? far : 0;
        *high += far < 0 ? 0 : far;
    }
}

bool spkl_check_mean(const struct spkl_layer *layer, uint32_t table_length,
                     uint32_t *scratch)
{
    const struct spkl_mean_parameters *p = layer->parameters;
    uint32_t type = layer->out_type;
    int64_t low = 0;
    int64_t high = 0;

    (void)table_length;
    (void)scratch;
    if (type == SPKL_TENSOR_INT32 || layer->in_type[0] != type ||
        !spkl_has_no_arrays(layer) ||
        !are_sizes(p->kept, layer->out_size, true) ||
        !are_sizes(p->reduced, layer->in_size[0], false)) {
        return false;
    }
    reach(p->kept, p->kept_step, &low, &high);
    reach(p->reduced, p->reduced_step, &low, &high);
    return low >= 0 && high < layer->in_size[0] &&
           spkl_is_in_type(p->in_zero, type) &&
           spkl_is_in_type(p->out_zero, type) &&
           spkl_is_requantisation(p->multiplier, p->shift) &&
           spkl_is_clamp(p->act_min, p->act_max, type);
}

static int32_t sum_s8(const int8_t *from, int32_t step, int32_t n)
{
    int32_t sum = 0;

    for (; n > 0; n--) {
        sum += *from;
        from += step;
    }
    return sum;
}

static int32_t sum_s16(const int16_t *from, int32_t step, int32_t n)
{
    int32_t sum = 0;

    for (; n > 0; n--) {
        sum += *from;
        from += step;
    }
    return sum;
}

/* The sum of q - in_zero of all taps from an element on, modulo 2^32. */
static int32_t sum_taps(const struct spkl_layer *layer,
                        const struct spkl_mean_parameters *p, int32_t first)
{
    int32_t n = p->reduced[2];
    int32_t zeros = spkl_multiply_words(n, p->in_zero);
    int32_t sum = 0;

    for (int32_t i = 0; i < p->reduced[0]; i++) {
        for (int32_t j = 0; j < p->reduced[1]; j++) {
            int32_t at =
                first + i * p->reduced_step[0] + j * p->reduced_step[1];

            if (layer->out_type == SPKL_TENSOR_INT8) {
                at = sum_s8((const int8_t *)layer->in[0] + at,
                            p->reduced_step[2], n);
            } else {
                at = sum_s16((const int16_t *)layer->in[0] + at,
                             p->reduced_step[2], n);
            }
            sum = spkl_add_words(sum, spkl_subtract_words(at, zeros));
        }
    }
    return sum;
}

void spkl_run_mean(const struct spkl_layer *layer)
{
    const struct spkl_mean_parameters *p = layer->parameters;
    size_t to = 0;

    for (int32_t i = 0; i < p->kept[0]; i++) {
        for (int32_t j = 0; j < p->kept[1]; j++) {
            for (int32_t k = 0; k < p->kept[2]; k++) {
                int32_t at = i * p->kept_step[0] + j * p->kept_step[1] +
                             k * p->kept_step[2];
                int32_t x = spkl_requantise(sum_taps(layer, p, at),
                                            p->multiplier, p->shift);

                x = spkl_clamp_to(spkl_add_words(x, p->out_zero), p->act_min,
                                  p->act_max);
                spkl_set_element(layer->out, layer->out_type, to, x);
                to++;
            }
        }
    }
}
