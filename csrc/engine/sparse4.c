/* Sparse projections in blocks of four targets: docs/reference/image.md 5.1,
 * layout 6. */
#include "parts.h"

static bool is_empty(const int8_t *weights)
{
    return (weights[0] | weights[1] | weights[2] | weights[3]) == 0;
}

/* Mark the blocks of the population that a row's blocks of four lie in. Returns
 * how many of the latter have no weight. */
static uint32_t look(const struct spkl_sparse4 *table, uint32_t row)
{
    const struct spkl_sparse *sparse = &table->rows;
    const struct spkl_blocks4 *blocks = &table->blocks;
    uint32_t at = 0;
    uint32_t empty = 0;

    for (uint32_t k = sparse->start[row]; k < sparse->start[row + 1]; k++) {
        at += blocks->gaps[k];
        spkl_set_bits(sparse->touched, 4 * at >> sparse->shift,
                      4 * at >> sparse->shift);
        empty += is_empty(blocks->weights + 4 * k) ? 1 : 0;
        at++;
    }
    return empty;
}

/* Add a row, multiplied. Returns the number of its blocks. */
static uint32_t add_times(int32_t *acc, const struct spkl_blocks4 *blocks,
                          uint32_t row, int32_t times)
{
    uint32_t first = blocks->start[row];
    uint32_t n = blocks->start[row + 1] - first;
    const int8_t *weights = blocks->weights + 4 * first;

    for (uint32_t k = 0; k < n; k++) {
        acc += 4u * blocks->gaps[first + k];
        for (uint32_t i = 0; i < 4; i++) {
            *acc++ += times * *weights++;
        }
    }
    return n;
}

/* Events one by one: with values or a map, or that must be looked at. Returns
 * the number of blocks that have a weight. */
static uint32_t add_events(const struct spkl_net *net,
                           const struct spkl_sparse4 *table,
                           const struct spkl_source *source,
                           const int16_t *values)
{
    uint32_t blocks = 0;

    for (uint32_t k = 0; k < *source->n; k++) {
        uint32_t row;
        uint16_t one;

        if (!spkl_find_row(table->rows.map, source->neurons[k], &row)) {
            continue;
        }
        one = (uint16_t)row;
        blocks += values == NULL || values[k] == 1
                      ? (uint32_t)spkl_add_blocks4_s8_s32(
                            net->in, &table->blocks, &one, 1)
                      : add_times(net->in, &table->blocks, row, values[k]);
        if (table->rows.look) {
            blocks -= look(table, row);
        }
    }
    return blocks;
}

static uint32_t deliver(const struct spkl_net *net,
                        const struct spkl_population *p,
                        const struct spkl_projection *q)
{
    const struct spkl_source *source = q->source;
    const struct spkl_sparse4 *table = q->table;
    const int16_t *values = source->n[1] == 1 ? NULL : source->values;
    uint32_t n = *source->n;
    uint32_t blocks;

    if (n == 0) {
        return 0;
    }
    blocks = values == NULL && table->rows.map == NULL && !table->rows.look
                 ? (uint32_t)spkl_add_blocks4_s8_s32(net->in, &table->blocks,
                                                     source->neurons, n)
                 : add_events(net, table, source, values);
    spkl_count_up(&p->head->stats.synops, 4 * blocks);
    return n;
}

/* Whether all weights of a row of blocks are for targets below n; and whether
 * there are blocks without a weight. */
static bool is_inside(const int8_t *weights, const uint8_t *gaps,
                      uint32_t blocks, uint32_t n, bool *makes_way)
{
    uint32_t at = 0;

    for (; blocks > 0; blocks--, weights += 4, at += 4) {
        at += 4u * *gaps++;
        if (at >= n) {
            return false;
        }
        for (uint32_t i = n - at; i < 4; i++) {
            if (weights[i] != 0) {
                return false;
            }
        }
        *makes_way = *makes_way || is_empty(weights);
    }
    return true;
}

/* The table of rows and what it leads to. */
static bool check_rows(const struct spkl_projection_record *record,
                       struct spkl_sparse4 *table, uint32_t rows,
                       uint32_t targets)
{
    const uint32_t *start = table->rows.start;
    const int8_t *weights = (const int8_t *)(start + rows + 1);
    const uint8_t *gaps;
    uint32_t room = record->weights_length - 4 * (rows + 1);
    uint32_t blocks = start[rows];
    uint32_t end = 0;

    if (blocks > room / 4 || room != 4 * blocks + ((blocks + 3) & ~3u)) {
        return false;
    }
    gaps = (const uint8_t *)weights + 4 * blocks;
    table->blocks.start = start;
    table->blocks.weights = weights;
    table->blocks.gaps = gaps;
    for (uint32_t i = 0; i < rows; i++) {
        uint32_t first = end;

        end = start[i + 1];
        if (start[i] != first || end < first || end > blocks ||
            !is_inside(weights + 4 * first, gaps + first, end - first, targets,
                       &table->rows.look)) {
            return false;
        }
    }
    for (; end % 4 != 0; end++) {
        if (gaps[end] != 0) {
            return false;
        }
    }
    return true;
}

int spkl_build_sparse4(struct spkl_walk *walk,
                       const struct spkl_projection_record *record,
                       struct spkl_projection *q, struct spkl_population *p)
{
    const struct spkl_map_record *there;
    const struct spkl_blocks *blocks = p->more;
    struct spkl_sparse4 table;
    struct spkl_sparse *sparse = &table.rows;
    struct spkl_sparse4 *kept;
    int error = spkl_find_map(walk, record, &there, &sparse->own);

    if (error != SPKL_OK) {
        return error;
    }
    sparse->look = blocks != NULL;
    sparse->start =
        spkl_data_at(walk->net.model, record->weights, record->weights_length);
    if (record->layout != SPKL_LAYOUT_SPARSE4 || record->stride != 0 ||
        (there != NULL && !spkl_has_no_target(there)) ||
        sparse->start == NULL ||
        record->weights_length < 4 * (walk->rows + 1) ||
        !check_rows(record, &table, walk->rows, p->lif.n)) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    q->deliver = deliver;
    q->stride = 0;
    q->weights = NULL;
    kept = spkl_keep(walk, &table, sizeof table);
    if (kept != NULL) {
        sparse = &kept->rows;
        sparse->map = there != NULL ? &sparse->own : NULL;
        sparse->touched = blocks != NULL ? blocks->touched : &sparse->nothing;
        sparse->shift = blocks != NULL ? blocks->shift : 16;
    }
    q->table = kept;
    return SPKL_OK;
}
