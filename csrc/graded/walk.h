/* The visits of graded.md 3.1: five indices, two operands. */
#ifndef SPKL_WALK_H
#define SPKL_WALK_H

#include <stdbool.h>
#include <stdint.h>

enum { SPKL_AXES = 5 };

/* Axes that do not matter are left out, and those that follow each other
 * without a gap in both operands are one: [0] is the fastest. */
struct spkl_walk_axes {
    int32_t size[SPKL_AXES];
    int32_t step[SPKL_AXES][2];
    int32_t index[SPKL_AXES];
    int32_t at[2]; /* of the run's first elements */
    uint32_t n;    /* axes, at least 1 */
};

/* Begin a walk over indices below size[0 .. 4], the last fastest. */
void spkl_walk_begin(struct spkl_walk_axes *walk, const int32_t *size,
                     const int32_t *first, const int32_t *second);

/* Go to the next run along axis 0; false: that was the last. */
bool spkl_walk_next(struct spkl_walk_axes *walk);

/* Whether these sizes are right and have together at most (or, if `exactly`,
 * just) n elements. */
bool spkl_walk_is_of(const int32_t *size, uint32_t n, bool exactly);

/* Whether all elements of an operand that begins at `start` lie below n. */
bool spkl_walk_is_inside(const int32_t *size, const int32_t *step,
                         int32_t start, uint32_t n);

#endif
