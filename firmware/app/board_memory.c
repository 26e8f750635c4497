/* The memories of the board, as its file and the linker script say. */
#include "spkl_board.h"
#include "spkl_port.h"
#include "spkl_reg.h"

void spkl_port_memory(struct spkl_port_memory *memory)
{
    memory->ram = spkl_pool_start;
    memory->ram_size = (uint32_t)(spkl_pool_end - spkl_pool_start);
    memory->slot = (const uint8_t *)SPKL_BOARD_SLOT;
    memory->slot_size = SPKL_BOARD_SLOT_SIZE;
    memory->slot_page = SPKL_BOARD_SLOT_PAGE;
}
