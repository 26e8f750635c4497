/* A model slot in memory that is written by stores: emulated boards, and
 * boards whose code memory is RAM. */
#include "spkl_board.h"
#include "spkl_port.h"
#include "spkl_reg.h"

int spkl_port_slot_erase(uint32_t offset)
{
    for (uint32_t i = 0; i < SPKL_BOARD_SLOT_PAGE; i += 4) {
        SPKL_REG(SPKL_BOARD_SLOT + offset + i) = UINT32_C(0xFFFFFFFF);
    }
    return 0;
}

int spkl_port_slot_write(uint32_t offset, const uint32_t *words, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        SPKL_REG(SPKL_BOARD_SLOT + offset + 4 * i) = words[i];
    }
    return 0;
}
