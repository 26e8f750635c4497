#include "pool.h"

static int32_t pool_s8(const void *from, const struct spkl_window *taps)
{
    const int8_t *at = from;
    int32_t result = *at;

    for (uint32_t y = taps->rows; y > 0; y--) {
        for (uint32_t x = taps->columns; x > 0; x--) {
            result = *at > result ? *at : result;
            at += taps->column;
        }
        at += taps->row;
    }
    return result;
}

static int32_t pool_s16(const void *from, const struct spkl_window *taps)
{
    const int16_t *at = from;
    int32_t result = *at;

    for (uint32_t y = taps->rows; y > 0; y--) {
        for (uint32_t x = taps->columns; x > 0; x--) {
            result = *at > result ? *at : result;
            at += taps->column;
        }
        at += taps->row;
    }
    return result;
}

bool spkl_check_max_pool(const struct spkl_layer *layer, uint32_t table_length,
                         uint32_t *scratch)
{
    (void)table_length;
    return spkl_check_pool(layer, scratch);
}

void spkl_run_max_pool(const struct spkl_layer *layer)
{
    spkl_run_pool(layer, pool_s8, pool_s16);
}
