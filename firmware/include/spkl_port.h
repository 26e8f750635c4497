/*
 * What the firmware needs from a chip: firmware/ports/<chip>/ has it. Nothing
 * else in the firmware knows registers.
 */
#ifndef SPKL_PORT_H
#define SPKL_PORT_H

#include <stdint.h>

/* Memory that a model may have. Addresses are aligned to 8. */
struct spkl_port_memory {
    uint8_t *ram;
    const uint8_t *slot; /* flash that keeps a model */
    uint32_t ram_size;
    uint32_t slot_size; /* a multiple of slot_page; 0: there is none */
    uint32_t slot_page; /* bytes of one erase, a multiple of 4 */
};

/* Clocks, console and time, once after start-up. */
void spkl_port_start(void);

void spkl_port_memory(struct spkl_port_memory *memory);

/* The next byte from the console, or -1: none has come. */
int spkl_port_read(void);

/* Send a byte; waits while the transmitter is full. */
void spkl_port_write(uint8_t byte);

/* Return when a byte may have come. May return early, never too late. */
void spkl_port_sleep(void);

/* Time in units of 1 / spkl_port_time_hz() seconds (at most 160 MHz); counts
 * modulo 2^24 (the upper bits are 0). */
uint32_t spkl_port_time(void);
uint32_t spkl_port_time_hz(void);

/* Microseconds modulo 2^32, after spkl_port_clock_start(). */
void spkl_port_clock_start(void);
uint32_t spkl_port_microseconds(void);

/* Erase the page of the slot that begins at offset. Returns 0, or -1. */
int spkl_port_slot_erase(uint32_t offset);

/* Write n words to erased places of the slot. Returns 0, or -1. */
int spkl_port_slot_write(uint32_t offset, const uint32_t *words, uint32_t n);

#endif
