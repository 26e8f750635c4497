/* The firmware's port for tests of the device of MLPerf Tiny. The RAM is on the
 * heap, so that sanitizers see what lies outside. */
#include "mlperf_port.h"

#include <stdlib.h>
#include <string.h>

#include "spkl_mlperf.h"

enum { RAM_SIZE = 65536 };

static struct spkl_mlperf *device;
static uint8_t *ram;
static uint32_t now;

void spkl_port_start(void)
{
}

void spkl_port_clock_start(void)
{
}

void spkl_port_memory(struct spkl_port_memory *memory)
{
    memset(memory, 0, sizeof *memory);
    memory->ram = ram;
    memory->ram_size = RAM_SIZE;
}

int spkl_port_read(void)
{
    return -1;
}

void spkl_port_write(uint8_t byte)
{
    device_sends(byte);
}

void spkl_port_sleep(void)
{
}

/* Each look at the clock takes 25 ms; it begins where it will soon wrap. */
uint32_t spkl_port_microseconds(void)
{
    now += 25000;
    return now;
}

void device_power_on(void)
{
    free(device);
    free(ram);
    device = malloc(sizeof *device);
    ram = malloc(RAM_SIZE);
    if (device == NULL || ram == NULL) {
        abort();
    }
    memset(device, 0xA5, sizeof *device);
    memset(ram, 0xA5, RAM_SIZE);
    now = UINT32_MAX - 120000;
    spkl_mlperf_start(device);
}

void device_give(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        spkl_mlperf_receive(device, bytes[i]);
    }
}
