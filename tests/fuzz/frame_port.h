/* A board in a process: what tests do with it. */
#ifndef FRAME_PORT_H
#define FRAME_PORT_H

#include <stddef.h>
#include <stdint.h>

/* Start the firmware: RAM is lost, flash stays. */
void board_power_on(void);

/* Fill the flash slot with zeros, as emulators do. */
void board_forget(void);

/* How fast time goes, and whether flash operations fail. */
void board_set(uint32_t milliseconds_a_look, int fails);

/* Words that were written to places which were not erased. */
int board_dirty_writes(void);

/* The line. */
void board_give(const uint8_t *bytes, size_t n);
size_t board_take(uint8_t *bytes, size_t n);

#endif
