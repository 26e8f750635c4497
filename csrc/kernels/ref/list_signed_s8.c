/* Defines what a list does. */
#include "spkl_ref_list.h"

size_t spkl_list_signed_s8(struct spkl_list *list, const int8_t *in, size_t n,
                           const uint8_t *row)
{
    uint32_t number = (uint32_t)(row - list->rows) / list->row_size;
    size_t i;

    for (i = 0; i < n && list->next != list->below; i++) {
        int32_t x = in[i] - list->zero;
        struct spkl_entry entry = {(uint32_t)x, number + (uint32_t)i};

        list->sum = (int32_t)((uint32_t)list->sum + (uint32_t)x);
        if (x > 0) {
            *spkl_entry_at(list->next) = entry;
            list->next += sizeof entry;
        } else if (x < 0) {
            entry.size = 0u - entry.size;
            list->below -= sizeof entry;
            *spkl_entry_at(list->below) = entry;
        }
    }
    return i;
}
