/*
 * The source of a projection as an image, sum-pooled: semantics 2.5.
 */
#ifndef SPKL_MAP_H
#define SPKL_MAP_H

#include "build.h"

/* A divisor of numbers below 2^17: 2^16 / by, rounded down. */
struct spkl_divisor {
    uint32_t by;
    uint32_t factor;
};

struct spkl_map {
    struct spkl_divisor outer; /* neurons of an image row; planar: of a channel
                                */
    struct spkl_divisor inner; /* channels; planar: width */
    struct spkl_divisor pool_y;
    struct spkl_divisor pool_x;
    uint32_t planar;
    uint32_t pooled; /* not 0: there is a pool */
    uint32_t channels;
    uint32_t height; /* behind the pool */
    uint32_t width;
};

/* A place in the image behind the pool. */
struct spkl_place {
    uint32_t channel;
    uint32_t y;
    uint32_t x;
};

static inline struct spkl_divisor spkl_divisor_of(uint32_t by)
{
    struct spkl_divisor divisor = {by, UINT32_C(65536) / by};

    return divisor;
}

/* Divide *rest; returns the quotient. Where the core cannot, a product is: one
 * or two too small at most, as it lacks less than rest / 2^16. A factor of 2^16
 * is no division, so that no product exceeds 2^32. */
static inline uint32_t spkl_divide(const struct spkl_divisor *d, uint32_t *rest)
{
    uint32_t by = d->by;
    uint32_t quotient = *rest;
    uint32_t left = 0;

    if (SPKL_DIVIDES != 0) {
        quotient = *rest / by;
        left = *rest - quotient * by;
    } else if (by != 1) {
        quotient = *rest * d->factor >> 16;
        left = *rest - quotient * by;
        while (left >= by) {
            left -= by;
            quotient++;
        }
    }
    *rest = left;
    return quotient;
}

/* Where a neuron is; false: at a border that no pool covers. */
static inline bool spkl_find_place(const struct spkl_map *map, uint32_t neuron,
                                   struct spkl_place *place)
{
    uint32_t outer = spkl_divide(&map->outer, &neuron);
    uint32_t inner = spkl_divide(&map->inner, &neuron);

    if (map->planar != 0) {
        place->channel = outer;
        place->y = inner;
        place->x = neuron;
    } else {
        place->channel = neuron;
        place->y = outer;
        place->x = inner;
    }
    if (map->pooled != 0) {
        uint32_t y = place->y;
        uint32_t x = place->x;

        place->y = spkl_divide(&map->pool_y, &y);
        place->x = spkl_divide(&map->pool_x, &x);
        return place->y < map->height && place->x < map->width;
    }
    return true;
}

/* The row of weights of a neuron of a dense or sparse projection; false: there
 * is none. Without a map it is the neuron's number. */
static inline bool spkl_find_row(const struct spkl_map *map, uint32_t neuron,
                                 uint32_t *row)
{
    struct spkl_place place;

    *row = neuron;
    if (map == NULL) {
        return true;
    }
    if (!spkl_find_place(map, neuron, &place)) {
        return false;
    }
    *row = (place.y * map->width + place.x) * map->channels + place.channel;
    return true;
}

/* map.c: check the map record of a projection as far as it describes the
 * source; a projection without one gets *there = NULL. walk->rows becomes the
 * rows behind the pool. Returns 0 or SPKL_ERR_IMAGE_PROJECTION. */
int spkl_find_map(struct spkl_walk *walk,
                  const struct spkl_projection_record *record,
                  const struct spkl_map_record **there, struct spkl_map *map);

/* map.c: whether the record says nothing of a target. */
bool spkl_has_no_target(const struct spkl_map_record *map);

#endif
