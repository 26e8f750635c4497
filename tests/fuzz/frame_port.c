/* A board in a process: the firmware's port for tests and for the fuzz
 * target. Flash is NOR: erase sets bits, writes clear them. */
#include "frame_port.h"

#include <string.h>

#include "spkl_app.h"

enum { RAM_SIZE = 65536, SLOT_SIZE = 32768, SLOT_PAGE = 512, SENT = 65536 };

const char spkl_board_name[32] = "native";
const char spkl_board_core[16] = "host";

static struct spkl_app app;
static uint64_t ram[RAM_SIZE / 8];
static uint32_t slot[SLOT_SIZE / 4];
static uint8_t sent[SENT];
static size_t n_sent;
static uint32_t time_step;
static uint32_t now;
static int flash_fails;
static int dirty_writes;

void spkl_port_start(void)
{
}

void spkl_port_memory(struct spkl_port_memory *memory)
{
    memory->ram = (uint8_t *)ram;
    memory->ram_size = RAM_SIZE;
    memory->slot = (const uint8_t *)slot;
    memory->slot_size = SLOT_SIZE;
    memory->slot_page = SLOT_PAGE;
}

int spkl_port_read(void)
{
    return -1;
}

void spkl_port_write(uint8_t byte)
{
    if (n_sent < SENT) {
        sent[n_sent++] = byte;
    }
}

void spkl_port_sleep(void)
{
}

uint32_t spkl_port_time(void)
{
    now = (now + time_step) & 0xFFFFFFu;
    return now;
}

uint32_t spkl_port_time_hz(void)
{
    return 1000;
}

int spkl_port_slot_erase(uint32_t offset)
{
    if (flash_fails) {
        return -1;
    }
    memset((uint8_t *)slot + offset, 0xFF, SLOT_PAGE);
    return 0;
}

int spkl_port_slot_write(uint32_t offset, const uint32_t *words, uint32_t n)
{
    if (flash_fails) {
        return -1;
    }
    for (uint32_t i = 0; i < n; i++) {
        dirty_writes += slot[offset / 4 + i] != 0xFFFFFFFFu;
        slot[offset / 4 + i] &= words[i];
    }
    return 0;
}

void board_power_on(void)
{
    memset(&app, 0, sizeof app);
    memset(ram, 0xA5, sizeof ram);
    n_sent = 0;
    spkl_app_start(&app);
}

void board_forget(void)
{
    memset(slot, 0, sizeof slot);
}

void board_set(uint32_t milliseconds_a_look, int fails)
{
    time_step = milliseconds_a_look;
    flash_fails = fails;
}

int board_dirty_writes(void)
{
    return dirty_writes;
}

void board_give(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        spkl_app_receive(&app, bytes[i]);
    }
}

size_t board_take(uint8_t *bytes, size_t n)
{
    size_t taken = n < n_sent ? n : n_sent;

    memcpy(bytes, sent, taken);
    memmove(sent, sent + taken, n_sent - taken);
    n_sent -= taken;
    return taken;
}
