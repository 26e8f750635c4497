/* Registers of chips, for ports only. */
#ifndef SPKL_REG_H
#define SPKL_REG_H

#include <stdint.h>

#define SPKL_REG(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define SPKL_REG8(address) (*(volatile uint8_t *)(uintptr_t)(address))

/* RAM that the linker left for models: arch/sections.ld. */
extern uint8_t spkl_pool_start[];
extern uint8_t spkl_pool_end[];

#endif
