/* Convolutions, checked: docs/reference/image.md 5. */
#include "conv.h"

/* The reach of a target: neurons of the source that meet in it. What they may
 * bring at most. */
static void bound(struct spkl_walk *walk,
                  const struct spkl_projection_record *record,
                  const struct spkl_map_record *map, uint32_t size)
{
    const struct spkl_input_record *inputs =
        spkl_records(walk->net.model, SPKL_SECTION_INPUTS);
    uint32_t index = record->source & ~SPKL_IMAGE_FROM_INPUT;
    uint64_t reach = (uint64_t)map->kernel_y * map->kernel_x *
                     (uint32_t)(map->channels / map->groups);

    if (index != record->source &&
        inputs[index].encoder == SPKL_ENCODER_EVENTS) {
        return;
    }
    /* At most 2^32 so far, and pools of at most 2^16. */
    if (reach < size) {
        reach *= map->pool_y;
    }
    if (reach < size) {
        reach *= map->pool_x;
    }
    if (reach < size) {
        walk->brings = walk->brings / size * (uint32_t)reach;
    }
}

static bool fill_axis(struct spkl_axis *axis, uint32_t kernel, uint32_t stride,
                      uint32_t dilation)
{
    if (kernel - 1 > 254 || stride - 1 > 254 || dilation - 1 > 254) {
        return false;
    }
    axis->stride = spkl_divisor_of(stride);
    axis->kernel = kernel;
    axis->dilation = dilation;
    axis->each = kernel / stride;
    axis->rest = kernel % stride;
    return true;
}

static bool fill(struct spkl_conv *conv, const struct spkl_map_record *map,
                 uint32_t targets)
{
    uint32_t area = (uint32_t)map->out_height * map->out_width;
    uint32_t groups = map->groups;

    if (!fill_axis(&conv->y, map->kernel_y, map->stride_y, map->dilation_y) ||
        !fill_axis(&conv->x, map->kernel_x, map->stride_x, map->dilation_x) ||
        groups == 0 || map->channels % groups != 0 ||
        map->out_channels % groups != 0 || area > targets ||
        area * map->out_channels != targets) {
        return false;
    }
    conv->y.pad = map->pad_y;
    conv->x.pad = map->pad_x;
    conv->y.end = map->out_height;
    conv->x.end = map->out_width;
    conv->x.target = map->out_planar != 0 ? 1 : map->out_channels;
    conv->y.target = map->out_width * conv->x.target;
    conv->channel = map->out_planar != 0 ? (int32_t)area : 1;
    conv->group_in = spkl_divisor_of(map->channels / groups);
    conv->group_out = map->out_channels / groups;
    return true;
}

/* Whether the record's weights are right. */
static bool has_weights(const struct spkl_walk *walk,
                        const struct spkl_projection_record *record,
                        const struct spkl_conv *conv, struct spkl_projection *q)
{
    uint32_t codes = conv->x.kernel * conv->group_out;
    uint32_t rows = conv->map.channels * conv->y.kernel;

    q->stride = spkl_stride_of(codes, record->layout);
    q->weights =
        spkl_data_at(walk->net.model, record->weights, record->weights_length);
    return record->layout - 1u < SPKL_LAYOUT_ROWS_S8 &&
           record->stride == q->stride &&
           record->weights_length == (uint64_t)rows * q->stride &&
           q->weights != NULL &&
           spkl_is_padded(q->weights, rows, codes, q->stride, record->layout);
}

int spkl_build_conv(struct spkl_walk *walk,
                    const struct spkl_projection_record *record,
                    struct spkl_projection *q, struct spkl_population *p)
{
    const struct spkl_blocks *blocks = p->more;
    const struct spkl_map_record *map;
    struct spkl_conv conv;
    struct spkl_conv *kept;
    uint32_t size = walk->rows;
    int error = spkl_find_map(walk, record, &map, &conv.map);

    if (error != SPKL_OK) {
        return error;
    }
    if (map == NULL || !fill(&conv, map, p->lif.n) ||
        !has_weights(walk, record, &conv, q)) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    bound(walk, record, map, size);
    conv.layout = record->layout;
    conv.shift = blocks != NULL ? blocks->shift : 16;
    q->deliver = spkl_deliver_conv;
    if (conv.layout != SPKL_LAYOUT_ROWS_S8 ? spkl_parts.add_codes == NULL
                                           : spkl_parts.add_row_times == NULL) {
        return SPKL_ERR_NO_KERNEL;
    }
    if (conv.layout == SPKL_LAYOUT_ROWS_S8 && map->groups == 1 &&
        map->dilation_y == 1 && map->dilation_x == 1 && map->out_planar == 0) {
        q->deliver = spkl_deliver_conv_runs;
    }
    kept = spkl_keep(walk, &conv, sizeof conv);
    if (kept != NULL) {
        kept->touched = blocks != NULL ? blocks->touched : &kept->nothing;
    }
    q->table = kept;
    return SPKL_OK;
}
