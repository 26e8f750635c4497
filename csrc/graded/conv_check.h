/* What convolutions have in common when an image is opened: graded 4.8. */
#ifndef SPKL_CONV_CHECK_H
#define SPKL_CONV_CHECK_H

#include "checks.h"

/* Zero points and clamps of int8. */
bool spkl_are_s8(int32_t in_zero, int32_t out_zero, int32_t act_min,
                 int32_t act_max);

/* Sizes, steps and groups of a convolution of any type, and whether its tensors
 * have these sizes. */
bool spkl_is_geometry(const struct spkl_layer *layer,
                      const struct spkl_conv_parameters *p);

/* Whether the table is there and each of its n channels has a multiplier and a
 * shift of graded 1.3. */
bool spkl_are_channels(const struct spkl_layer *layer, uint32_t table_length,
                       uint32_t n);

/* The same of fully connected layers: graded 1.6. */
bool spkl_are_scales(const struct spkl_layer *layer, uint32_t table_length,
                     uint32_t n);

#endif
