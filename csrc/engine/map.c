/* Map records: docs/reference/image.md 5.2. */
#include "map.h"

int spkl_find_map(struct spkl_walk *walk,
                  const struct spkl_projection_record *record,
                  const struct spkl_map_record **there, struct spkl_map *map)
{
    const struct spkl_map_record *r;
    uint32_t outer;

    *there = NULL;
    if ((record->flags & SPKL_IMAGE_HAS_MAP) == 0) {
        return record->map == 0 ? SPKL_OK : SPKL_ERR_IMAGE_PROJECTION;
    }
    r = spkl_data_at(walk->net.model, record->map, sizeof *r);
    if (r == NULL || r->channels == 0 || r->height == 0 || r->width == 0 ||
        r->pool_y - 1u >= r->height || r->pool_x - 1u >= r->width ||
        (r->planar | r->out_planar) > 1 || r->reserved != 0) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    /* The first product is below 2^32, and the second one is taken only where
     * the first is not beyond a size. */
    outer = r->planar != 0 ? (uint32_t)r->height * r->width
                           : (uint32_t)r->width * r->channels;
    if (outer > walk->rows ||
        outer * (r->planar != 0 ? r->channels : r->height) != walk->rows) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    map->outer = spkl_divisor_of(outer);
    map->inner = spkl_divisor_of(r->planar != 0 ? r->width : r->channels);
    map->pool_y = spkl_divisor_of(r->pool_y);
    map->pool_x = spkl_divisor_of(r->pool_x);
    map->planar = r->planar;
    map->pooled = r->pool_y != 1 || r->pool_x != 1;
    map->channels = r->channels;
    map->height = r->height / r->pool_y;
    map->width = r->width / r->pool_x;
    walk->rows = map->channels * map->height * map->width;
    *there = r;
    return SPKL_OK;
}

bool spkl_has_no_target(const struct spkl_map_record *map)
{
    return (map->out_planar | map->out_channels | map->out_height |
            map->out_width | map->groups | map->kernel_y | map->kernel_x |
            map->stride_y | map->stride_x | map->dilation_y |
            map->dilation_x) == 0 &&
           map->pad_y == 0 && map->pad_x == 0;
}
