#include "walk.h"

#include "checks.h"

bool spkl_walk_is_of(const int32_t *size, uint32_t n, bool exactly)
{
    uint64_t product = 1;

    for (unsigned k = 0; k < SPKL_AXES; k++) {
        if (!spkl_is_size(size[k])) {
            return false;
        }
        product *= (uint32_t)size[k];
        if (product > n) {
            return false;
        }
    }
    return product == n || !exactly;
}

/* No overflow: each product is below 2^47. */
bool spkl_walk_is_inside(const int32_t *size, const int32_t *step,
                         int32_t start, uint32_t n)
{
    int64_t low = start;
    int64_t high = start;

    for (unsigned k = 0; k < SPKL_AXES; k++) {
        int64_t far = (int64_t)step[k] * (size[k] - 1);

        if (far < 0) {
            low += far;
        } else {
            high += far;
        }
    }
    return low >= 0 && high < n;
}

/*
 * No overflow: of an axis with more than one index, |step| (size - 1) is at
 * most 2^28, the elements of a tensor.
 */
void spkl_walk_begin(struct spkl_walk_axes *walk, const int32_t *size,
                     const int32_t *first, const int32_t *second)
{
    uint32_t n = 0;

    walk->size[0] = 1;
    walk->step[0][0] = 0;
    walk->step[0][1] = 0;
    walk->at[0] = 0;
    walk->at[1] = 0;
    for (unsigned k = SPKL_AXES; k-- > 0;) {
        if (size[k] == 1) {
            continue;
        }
        if (n > 0 && first[k] == walk->step[n - 1][0] * walk->size[n - 1] &&
            second[k] == walk->step[n - 1][1] * walk->size[n - 1]) {
            walk->size[n - 1] *= size[k];
            continue;
        }
        walk->size[n] = size[k];
        walk->step[n][0] = first[k];
        walk->step[n][1] = second[k];
        walk->index[n] = 0;
        n++;
    }
    walk->n = n > 0 ? n : 1;
}

bool spkl_walk_next(struct spkl_walk_axes *walk)
{
    for (unsigned k = 1; k < walk->n; k++) {
        walk->index[k]++;
        walk->at[0] += walk->step[k][0];
        walk->at[1] += walk->step[k][1];
        if (walk->index[k] < walk->size[k]) {
            return true;
        }
        walk->at[0] -= walk->step[k][0] * walk->size[k];
        walk->at[1] -= walk->step[k][1] * walk->size[k];
        walk->index[k] = 0;
    }
    return false;
}
