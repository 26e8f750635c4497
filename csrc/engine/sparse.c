/* Sparse projections: docs/reference/image.md 5.1, layout 5. */
#include "parts.h"

/* Mark the blocks of a row's targets. Returns the number of its weights. */
static uint32_t look(const struct spkl_sparse *sparse,
                     const struct spkl_pair *pair, uint32_t n)
{
    uint32_t at = 0;
    uint32_t weights = n;

    for (; n > 0; n--, pair++) {
        at += pair->gap;
        spkl_set_bits(sparse->touched, at >> sparse->shift,
                      at >> sparse->shift);
        if (pair->weight == 0) {
            weights--;
        }
    }
    return weights;
}

static uint32_t deliver(const struct spkl_net *net,
                        const struct spkl_population *p,
                        const struct spkl_projection *q)
{
    const struct spkl_source *source = q->source;
    const struct spkl_sparse *sparse = q->table;
    uint32_t n = *source->n;
    uint32_t synops = 0;

    for (uint32_t k = 0; k < n; k++) {
        uint32_t row;

        if (spkl_find_row(sparse->map, source->neurons[k], &row)) {
            uint32_t start = sparse->start[row];
            uint32_t pairs = (sparse->start[row + 1] - start) / 2;
            const struct spkl_pair *pair =
                (const struct spkl_pair *)(q->weights + start);

            spkl_add_pairs_s8_s32(net->in, pair, pairs,
                                  source->values == NULL ? 1
                                                         : source->values[k]);
            synops += sparse->look ? look(sparse, pair, pairs) : pairs;
        }
    }
    spkl_count_up(&p->head->stats.synops, synops);
    return n;
}

/* Whether all targets of a row are below n; and whether there are pairs of
 * weight 0. */
static bool is_inside(const uint8_t *row, uint32_t bytes, uint32_t n,
                      bool *makes_way)
{
    uint32_t at = 0;

    for (; bytes > 0; bytes -= 2, row += 2) {
        at += row[0];
        if (at >= n) {
            return false;
        }
        *makes_way = *makes_way || row[1] == 0;
    }
    return true;
}

/* The table of rows and what it leads to. */
static bool check_rows(const struct spkl_projection_record *record,
                       struct spkl_sparse *sparse, uint32_t rows,
                       uint32_t targets)
{
    uint32_t begin = 4 * (rows + 1);
    const uint8_t *row = (const uint8_t *)sparse->start + begin;
    uint32_t end = 0;

    for (uint32_t i = 0; i < rows; i++) {
        uint32_t start = end;

        if (sparse->start[i] != start) {
            return false;
        }
        end = sparse->start[i + 1];
        if (end < start || end % 2 != 0 ||
            end > record->weights_length - begin ||
            !is_inside(row + start, end - start, targets, &sparse->look)) {
            return false;
        }
    }
    begin += end;
    if (record->weights_length != ((begin + 3) & ~UINT32_C(3))) {
        return false;
    }
    return begin == record->weights_length || (row[end] | row[end + 1]) == 0;
}

int spkl_build_sparse(struct spkl_walk *walk,
                      const struct spkl_projection_record *record,
                      struct spkl_projection *q, struct spkl_population *p)
{
    const struct spkl_map_record *there;
    const struct spkl_blocks *blocks = p->more;
    struct spkl_sparse sparse;
    struct spkl_sparse *kept;
    int error = spkl_find_map(walk, record, &there, &sparse.own);

    if (error != SPKL_OK) {
        return error;
    }
    sparse.look = p->more != NULL;
    sparse.start =
        spkl_data_at(walk->net.model, record->weights, record->weights_length);
    if (record->layout != SPKL_LAYOUT_SPARSE || record->stride != 0 ||
        (there != NULL && !spkl_has_no_target(there)) || sparse.start == NULL ||
        record->weights_length < 4 * (walk->rows + 1) ||
        !check_rows(record, &sparse, walk->rows, p->lif.n)) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    q->deliver = deliver;
    q->stride = 0;
    q->weights = (const uint8_t *)(sparse.start + walk->rows + 1);
    kept = spkl_keep(walk, &sparse, sizeof sparse);
    if (kept != NULL) {
        kept->map = there != NULL ? &kept->own : NULL;
        kept->touched = blocks != NULL ? blocks->touched : &kept->nothing;
        kept->shift = blocks != NULL ? blocks->shift : 16;
    }
    q->table = kept;
    return SPKL_OK;
}
