/* Weights of rows when an image is opened: graded 4.7, 4.8. */
#include "listed.h"
#include "spkl_code.h"

/* Rows of a group's block; weights behind them. NULL: they are not right. */
static const uint8_t *check_block(const uint8_t *rows, uint64_t n_rows,
                                  uint32_t channels, uint32_t bits)
{
    uint32_t size = spkl_row_size(channels, bits);
    uint32_t padded = size * 8 / bits;
    uint32_t layout = bits == 8 ? 0 : 3 - bits / 2;
    uint32_t zero = UINT32_C(1) << (bits - 1);

    if (padded == channels) {
        return rows + n_rows * size;
    }
    for (; n_rows > 0; n_rows--, rows += size) {
        for (uint32_t k = channels; k < padded; k++) {
            if (spkl_code(rows, layout, k) != zero) {
                return NULL;
            }
        }
    }
    return rows;
}

/* Weights of all groups have the length that they need, which is below 2^57,
 * and their padding is the weight 0. */
bool spkl_are_rows(const struct spkl_layer *layer, uint64_t n_rows,
                   uint32_t channels, uint32_t groups, uint32_t bits)
{
    const uint8_t *rows = layer->weights;
    uint64_t size = 0;

    for (uint32_t at = 0; at < channels; at += SPKL_CONV_BLOCK) {
        size += n_rows * spkl_row_size(spkl_block(channels, at), bits);
    }
    if (rows == NULL || size * groups != layer->weights_length) {
        return false;
    }
    for (uint32_t group = 0; group < groups; group++) {
        for (uint32_t at = 0; at < channels; at += SPKL_CONV_BLOCK) {
            rows = check_block(rows, n_rows, spkl_block(channels, at), bits);
            if (rows == NULL) {
                return false;
            }
        }
    }
    return true;
}
