/* Layers with two operands: add and mul. */
#ifndef SPKL_OPERANDS_H
#define SPKL_OPERANDS_H

#include "checks.h"
#include "spkl_requantise.h"
#include "walk.h"

/* Whether both operands and the output have elements of `type` bytes, and are
 * as large as a walk says. */
static inline bool spkl_are_operands(const struct spkl_layer *layer,
                                     const int32_t *size, const int32_t *a_step,
                                     const int32_t *b_step, uint32_t type)
{
    return spkl_is_of_type(layer, type) && layer->in_type[1] == type &&
           spkl_has_no_arrays(layer) &&
           spkl_walk_is_of(size, layer->out_size, true) &&
           spkl_walk_is_inside(size, a_step, 0, layer->in_size[0]) &&
           spkl_walk_is_inside(size, b_step, 0, layer->in_size[1]);
}

/* The check of add s8 and add s16. */
static inline bool spkl_is_add(const struct spkl_layer *layer, uint32_t type)
{
    const struct spkl_add_parameters *p = layer->parameters;

    return spkl_are_operands(layer, p->size, p->a_step, p->b_step, type) &&
           spkl_is_in_type(p->a_zero, type) &&
           spkl_is_in_type(p->b_zero, type) &&
           spkl_is_in_type(p->out_zero, type) &&
           spkl_is_between(p->left_shift, 0, 20) &&
           spkl_is_requantisation(p->a_multiplier, p->a_shift) &&
           spkl_is_requantisation(p->b_multiplier, p->b_shift) &&
           spkl_is_requantisation(p->out_multiplier, p->out_shift) &&
           spkl_is_clamp(p->act_min, p->act_max, type);
}

/* The check of mul s8 and mul s16. */
static inline bool spkl_is_mul(const struct spkl_layer *layer, uint32_t type)
{
    const struct spkl_mul_parameters *p = layer->parameters;

    return spkl_are_operands(layer, p->size, p->a_step, p->b_step, type) &&
           spkl_is_in_type(p->a_zero, type) &&
           spkl_is_in_type(p->b_zero, type) &&
           spkl_is_in_type(p->out_zero, type) &&
           spkl_is_requantisation(p->multiplier, p->shift) &&
           spkl_is_clamp(p->act_min, p->act_max, type);
}

/* What an operand's x brings to a sum. What becomes 0 is not requantised. */
static inline int32_t spkl_add_part(const struct spkl_add_parameters *p,
                                    int32_t x, int32_t multiplier,
                                    int32_t shift)
{
    return x == 0 ? 0
                  : spkl_requantise(spkl_shift_left(x, p->left_shift),
                                    multiplier, shift);
}

/* An element of add. */
static inline int32_t spkl_add_one(const struct spkl_add_parameters *p,
                                   int32_t a, int32_t b)
{
    a = spkl_add_part(p, a - p->a_zero, p->a_multiplier, p->a_shift);
    b = spkl_add_part(p, b - p->b_zero, p->b_multiplier, p->b_shift);
    a = spkl_requantise(spkl_add_words(a, b), p->out_multiplier, p->out_shift);
    return spkl_clamp_to(spkl_add_words(a, p->out_zero), p->act_min,
                         p->act_max);
}

/* An element of mul. */
static inline int32_t spkl_mul_one(const struct spkl_mul_parameters *p,
                                   int32_t a, int32_t b)
{
    a = spkl_multiply_words(a - p->a_zero, b - p->b_zero);
    if (a != 0) {
        a = spkl_requantise(a, p->multiplier, p->shift);
    }
    return spkl_clamp_to(spkl_add_words(a, p->out_zero), p->act_min,
                         p->act_max);
}

#endif
