/* Rows are told from the first one on. */
#include "spkl_lanes.h"

void spkl_list_move(struct spkl_list *list, const uint8_t *rows,
                    uint32_t row_size)
{
    const struct spkl_lane_entry *lists[2];
    unsigned n = spkl_lane_lists(list, lists);

    for (unsigned i = 0; i < n && row_size != list->row_size; i++) {
        struct spkl_lane_entry *entry =
            spkl_lane_at(i == 0 ? list->begin : spkl_lanes_middle(list));
        const uint8_t *end = i == 0 ? list->next : list->below;

        for (; (const uint8_t *)entry != end; entry++) {
            if (entry->size != 0) {
                entry->row = entry->row / list->row_size * row_size;
            }
        }
    }
    list->rows = rows;
    list->row_size = row_size;
}
