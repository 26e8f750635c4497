/* Dense projections of any layout, with or without a map: docs/reference/
 * image.md 5.1. */
#include "parts.h"
#include "spkl_code.h"

uint32_t spkl_stride_of(uint32_t n, uint32_t layout)
{
    uint32_t shift = layout < SPKL_LAYOUT_ROWS_S8 ? spkl_code_shift(layout) : 3;
    uint32_t bits = n << shift;

    return (bits + 31) >> 5 << 2;
}

bool spkl_is_padded(const uint8_t *row, uint32_t rows, uint32_t n,
                    uint32_t stride, uint32_t layout)
{
    static const uint8_t padding[] = {128, 8, 2, 0, 0};
    uint32_t as = layout < SPKL_LAYOUT_ROWS_S8 ? layout : 0;
    uint32_t end = stride << 3 >> spkl_code_shift(as);

    for (; rows > 0; rows--, row += stride) {
        for (uint32_t k = n; k < end; k++) {
            if (spkl_code(row, as, k) != padding[layout]) {
                return false;
            }
        }
    }
    return true;
}

/* An event of a value up to this is as many rows: a product of codes costs as
 * much as some 14 rows. */
enum { OFTEN = 12 };

static void add_listed(const struct spkl_net *net,
                       const struct spkl_projection *q, uint32_t targets,
                       uint32_t n)
{
    const struct spkl_rows *rows = q->table;

    rows->add(net->in, net->rows, n, rows->layout == 0 ? q->stride : targets);
}

/* Spikes of a source without a map. */
static void add_spikes(const struct spkl_net *net,
                       const struct spkl_projection *q, uint32_t targets)
{
    const uint16_t *neurons = q->source->neurons;

    for (uint32_t left = *q->source->n; left > 0;) {
        uint32_t some = left < SPKL_ROWS_MAX ? left : SPKL_ROWS_MAX;

        spkl_list_rows(net->rows, neurons, some, q->weights, q->stride);
        add_listed(net, q, targets, some);
        neurons += some;
        left -= some;
    }
}

/* The list has room for as many rows as a tick may have events. Returns how
 * many have a row. */
static uint32_t add_events(const struct spkl_net *net,
                           const struct spkl_projection *q, uint32_t targets)
{
    const struct spkl_source *source = q->source;
    const struct spkl_rows *rows = q->table;
    const int16_t *values = source->n[1] == 1 ? NULL : source->values;
    struct spkl_codes codes = {NULL, 0, rows->layout};
    uint32_t n = *source->n;
    uint32_t room = rows->room;
    uint32_t listed = 0;
    uint32_t all = 0;
    uint32_t row;

    if (values == NULL && rows->map == NULL) {
        add_spikes(net, q, targets);
        return n;
    }
    for (uint32_t k = 0; k < n; k++) {
        int32_t value = values == NULL ? 1 : values[k];
        uint32_t times = (uint32_t)value;

        if (!spkl_find_row(rows->map, source->neurons[k], &row)) {
            continue;
        }
        all++;
        codes.row = q->weights + (size_t)row * q->stride;
        if (value < 1 || value > OFTEN || times > room) {
            spkl_parts.add_codes(net->in, &codes, targets, value);
            continue;
        }
        if (times > room - listed) {
            add_listed(net, q, targets, listed);
            listed = 0;
        }
        for (; times > 0; times--) {
            net->rows[listed++] = codes.row;
        }
    }
    add_listed(net, q, targets, listed);
    return all;
}

static uint32_t deliver(const struct spkl_net *net,
                        const struct spkl_population *p,
                        const struct spkl_projection *q)
{
    uint32_t n;

    if (*q->source->n == 0) {
        return 0;
    }
    n = add_events(net, q, p->lif.n);
    spkl_count_up(&p->head->stats.synops, n * p->lif.n);
    spkl_touch_all(p);
    return 1;
}

/* Rows of bytes without a map, to a population with blocks. */
static uint32_t deliver_bytes(const struct spkl_net *net,
                              const struct spkl_population *p,
                              const struct spkl_projection *q)
{
    uint32_t n = spkl_add_dense(net, p, q);

    if (n > 0) {
        spkl_touch_all(p);
    }
    return n;
}

int spkl_build_rows(struct spkl_walk *walk,
                    const struct spkl_projection_record *record,
                    struct spkl_projection *q, struct spkl_population *p)
{
    uint32_t layout = record->layout;
    uint32_t stride = spkl_stride_of(p->lif.n, layout);
    const struct spkl_map_record *there;
    struct spkl_rows rows;
    struct spkl_rows *kept;
    int error = spkl_find_map(walk, record, &there, &rows.own);
    uint64_t length = (uint64_t)walk->rows * stride;

    if (error != SPKL_OK) {
        return error;
    }
    if (layout > SPKL_LAYOUT_ROWS_U1 || record->stride != stride ||
        record->weights_length != length ||
        (there != NULL && !spkl_has_no_target(there))) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    q->weights =
        spkl_data_at(walk->net.model, record->weights, record->weights_length);
    if (q->weights == NULL ||
        !spkl_is_padded(q->weights, walk->rows, p->lif.n, stride, layout)) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    q->stride = stride;
    if (layout == 0 && there == NULL) {
        q->deliver = p->more == NULL ? spkl_add_dense : deliver_bytes;
        return SPKL_OK;
    }
    q->deliver = deliver;
    rows.add = spkl_parts.add_rows[layout];
    rows.layout = layout;
    rows.room = walk->events < SPKL_ROWS_MAX ? walk->events : SPKL_ROWS_MAX;
    if (rows.add == NULL || spkl_parts.add_codes == NULL) {
        return SPKL_ERR_NO_KERNEL;
    }
    kept = spkl_keep(walk, &rows, sizeof rows);
    if (kept != NULL) {
        kept->map = there != NULL ? &kept->own : NULL;
    }
    q->table = kept;
    return SPKL_OK;
}
