#include "pool.h"

/*
 * No overflow: 255 x 255 taps of 2^15, and half their number, stay below 2^31.
 */
static int32_t mean_of(int32_t sum, const struct spkl_window *taps)
{
    int32_t n = (int32_t)taps->n;

    return (sum > 0 ? sum + n / 2 : sum - n / 2) / n;
}

static int32_t pool_s8(const void *from, const struct spkl_window *taps)
{
    const int8_t *at = from;
    int32_t result = 0;

    for (uint32_t y = taps->rows; y > 0; y--) {
        for (uint32_t x = taps->columns; x > 0; x--) {
            result += *at;
            at += taps->column;
        }
        at += taps->row;
    }
    return mean_of(result, taps);
}

static int32_t pool_s16(const void *from, const struct spkl_window *taps)
{
    const int16_t *at = from;
    int32_t result = 0;

    for (uint32_t y = taps->rows; y > 0; y--) {
        for (uint32_t x = taps->columns; x > 0; x--) {
            result += *at;
            at += taps->column;
        }
        at += taps->row;
    }
    return mean_of(result, taps);
}

bool spkl_check_average_pool(const struct spkl_layer *layer,
                             uint32_t table_length, uint32_t *scratch)
{
    (void)table_length;
    return spkl_check_pool(layer, scratch);
}

void spkl_run_average_pool(const struct spkl_layer *layer)
{
    spkl_run_pool(layer, pool_s8, pool_s16);
}
