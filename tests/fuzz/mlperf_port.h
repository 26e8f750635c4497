/* A device of MLPerf Tiny in a process: what tests do with it. */
#ifndef MLPERF_PORT_H
#define MLPERF_PORT_H

#include <stddef.h>
#include <stdint.h>

/* Start the firmware. */
void device_power_on(void);

/* The line: bytes to the device, and where its bytes go. */
void device_give(const uint8_t *bytes, size_t n);
void device_sends(uint8_t byte);

#endif
