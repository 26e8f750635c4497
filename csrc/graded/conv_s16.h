/* What convolutions of int16 have in common. */
#ifndef SPKL_CONV_S16_H
#define SPKL_CONV_S16_H

#include "spkl_layers.h"

/* Whether types, parameters and table are right, and the weights are
 * `inputs` bytes of each output channel. */
bool spkl_is_conv_s16(const struct spkl_layer *layer, uint32_t table_length,
                      uint32_t inputs);

/* What a channel's sum, without its bias, becomes. */
int16_t spkl_output_s16(const struct spkl_layer *layer, uint32_t channel,
                        uint64_t sum);

/* Write n elements that were kept in the scratch. */
void spkl_write_kept_s16(const struct spkl_layer *layer, uint32_t at,
                         uint32_t n);

#endif
