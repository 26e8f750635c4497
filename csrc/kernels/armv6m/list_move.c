/* Rows are addresses. */
#include "spkl_lanes.h"

/* Move the rows of a list to another block: full blocks have 2^shift bytes a
 * row. */
static void move_rows(struct spkl_lane_entry *entry, const uint8_t *end,
                      uint32_t shift, const struct spkl_list *list,
                      const uint8_t *rows, uint32_t row_size)
{
    uint32_t first = (uint32_t)(uintptr_t)list->rows;
    uint32_t to = (uint32_t)(uintptr_t)rows;

    for (; (const uint8_t *)entry != end; entry++) {
        if (entry->row > SPKL_LANES_MORE) {
            entry->row = to + ((entry->row - first) >> shift) * row_size;
        }
    }
}

void spkl_list_move(struct spkl_list *list, const uint8_t *rows,
                    uint32_t row_size)
{
    uint32_t shift = spkl_lowest_bit(list->row_size);

    move_rows(spkl_lane_at(list->begin), list->next, shift, list, rows,
              row_size);
    move_rows(spkl_lane_at(list->below), list->end, shift, list, rows,
              row_size);
    list->rows = rows;
    list->row_size = row_size;
}
