/* Groups of entries for lanes of 16 bits; one look at the room for many. */
#include "spkl_lanes.h"

/* Bytes that an input may take, with what ends its group. */
enum { INPUT = 24 };

/* List n inputs for which there is room; `at` is the first one's row. Returns
 * their sum. */
static uint32_t list_some(struct spkl_lanes *lanes, const uint8_t *in, size_t n,
                          uint32_t at, uint32_t row_size)
{
    struct spkl_lanes l = *lanes;
    uint32_t sum = 0;

    for (const uint8_t *end = in + n; in != end; in++, at += row_size) {
        uint32_t size = *in ^ 0x80u;

        if (size != 0) {
            sum += size;
            spkl_add_lane(&l, size, at, 0);
        }
    }
    *lanes = l;
    return sum;
}

size_t spkl_list_above_s8(struct spkl_list *list, const int8_t *in, size_t n,
                          const uint8_t *row)
{
    struct spkl_lanes above = spkl_lanes_above(list, false);
    const struct spkl_lanes none = spkl_lanes_below(list);
    uint32_t at = (uint32_t)(row - list->rows);
    size_t took = 0;

    while (took < n && spkl_has_room(&above)) {
        size_t some =
            ((size_t)(above.end - above.next) - SPKL_LANES_SPARE) / INPUT + 1;

        some = some < n - took ? some : n - took;
        list->sum = (int32_t)((uint32_t)list->sum +
                              list_some(&above, (const uint8_t *)in + took,
                                        some, at, list->row_size));
        at += (uint32_t)some * list->row_size;
        took += some;
    }
    spkl_keep_lanes(list, &above, &none);
    return took;
}
