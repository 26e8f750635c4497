/* What ports of Cortex-M chips share: wfi, NVIC, SysTick. */
#ifndef SPKL_CORTEXM_H
#define SPKL_CORTEXM_H

#include "spkl_reg.h"

static inline void spkl_cortexm_wait(void)
{
    __asm__ volatile("wfi");
}

/* Let an interrupt line end a wfi. */
static inline void spkl_cortexm_irq_enable(uint32_t irq)
{
    SPKL_REG(UINT32_C(0xE000E100) + 4 * (irq / 32)) = UINT32_C(1) << (irq % 32);
}

static inline void spkl_cortexm_irq_clear(uint32_t irq)
{
    SPKL_REG(UINT32_C(0xE000E280) + 4 * (irq / 32)) = UINT32_C(1) << (irq % 32);
}

/* SysTick, free-running with the core's clock. */
static inline void spkl_cortexm_time_start(void)
{
    SPKL_REG(UINT32_C(0xE000E014)) = UINT32_C(0xFFFFFF);
    SPKL_REG(UINT32_C(0xE000E018)) = 0;
    SPKL_REG(UINT32_C(0xE000E010)) = 5;
}

static inline uint32_t spkl_cortexm_time(void)
{
    return UINT32_C(0xFFFFFF) - SPKL_REG(UINT32_C(0xE000E018));
}

#endif
