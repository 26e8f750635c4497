/* Vectors and start-up of Cortex-M. Interrupts stay off (PRIMASK): they only
 * end a wfi. */
#include "spkl_board.h"

#include <stdint.h>

extern uint8_t spkl_stack_top[];
extern uint32_t spkl_data_load[];
extern uint32_t spkl_data_start[];
extern uint32_t spkl_data_end[];
extern uint32_t spkl_bss_start[];
extern uint32_t spkl_bss_end[];

int main(void);
void spkl_reset_handler(void);
void spkl_fault_handler(void);

union vector {
    void *stack;
    void (*handler)(void);
};

/* No name is needed, but the place: link.ld puts it first. */
__attribute__((section(".vectors"),
               used)) static const union vector vectors[16] = {
    {.stack = spkl_stack_top},       {.handler = spkl_reset_handler},
    {.handler = spkl_fault_handler}, {.handler = spkl_fault_handler},
    {.handler = spkl_fault_handler}, {.handler = spkl_fault_handler},
    {.handler = spkl_fault_handler},
};

void spkl_fault_handler(void)
{
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void spkl_reset_handler(void)
{
    const uint32_t *from = spkl_data_load;

    __asm__ volatile("cpsid i");
    if (SPKL_BOARD_FPU) {
        *(volatile uint32_t *)UINT32_C(0xE000ED88) |= UINT32_C(0xF) << 20;
        __asm__ volatile("dsb\n\tisb");
    }
    for (uint32_t *to = spkl_data_start; to < spkl_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = spkl_bss_start; to < spkl_bss_end; to++) {
        *to = 0;
    }
    (void)main();
    spkl_fault_handler();
}
