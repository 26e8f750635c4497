/* RISC-V "virt": a 16550 behind the PLIC, and the CLINT's clock. */
#include "spkl_board.h"
#include "spkl_port.h"
#include "spkl_reg.h"

#define DATA SPKL_REG8(SPKL_BOARD_UART + 0u)
#define INT_ENABLE SPKL_REG8(SPKL_BOARD_UART + 1u)
#define FIFO_CONTROL SPKL_REG8(SPKL_BOARD_UART + 2u)
#define LINE_CONTROL SPKL_REG8(SPKL_BOARD_UART + 3u)
#define LINE_STATUS SPKL_REG8(SPKL_BOARD_UART + 5u)
#define INT_RX 1u
#define FIFO_ENABLE 1u
#define EIGHT_BITS 3u
#define STATUS_RX_READY 1u
#define STATUS_TX_EMPTY 0x20u

#define PLIC_PRIORITY SPKL_REG(0x0C000000u + 4u * SPKL_BOARD_UART_IRQ)
#define PLIC_ENABLE SPKL_REG(0x0C002000u)
#define PLIC_THRESHOLD SPKL_REG(0x0C200000u)
#define PLIC_CLAIM SPKL_REG(0x0C200004u)
#define MIE_EXTERNAL (UINT32_C(1) << 11)

#define CLINT_TIME SPKL_REG(0x0200BFF8u)
#define CLINT_TIME_HIGH SPKL_REG(0x0200BFFCu)
#define CLINT_HZ 10000000u

void spkl_port_start(void)
{
    FIFO_CONTROL = FIFO_ENABLE;
    LINE_CONTROL = EIGHT_BITS;
    INT_ENABLE = INT_RX;
    PLIC_PRIORITY = 1;
    PLIC_ENABLE = UINT32_C(1) << SPKL_BOARD_UART_IRQ;
    PLIC_THRESHOLD = 0;
    __asm__ volatile("csrs mie, %0" : : "r"(MIE_EXTERNAL));
}

int spkl_port_read(void)
{
    return (LINE_STATUS & STATUS_RX_READY) != 0 ? (int)DATA : -1;
}

void spkl_port_write(uint8_t byte)
{
    while ((LINE_STATUS & STATUS_TX_EMPTY) == 0) {
    }
    DATA = byte;
}

/* The interrupt is not taken (mstatus.MIE is 0); claim and complete it. */
void spkl_port_sleep(void)
{
    uint32_t claimed;

    __asm__ volatile("wfi");
    claimed = PLIC_CLAIM;
    if (claimed != 0) {
        PLIC_CLAIM = claimed;
    }
}

uint32_t spkl_port_time(void)
{
    return CLINT_TIME & 0xFFFFFFu;
}

uint32_t spkl_port_time_hz(void)
{
    return CLINT_HZ;
}

/* The CLINT always runs. */
void spkl_port_clock_start(void)
{
}

uint32_t spkl_port_microseconds(void)
{
    uint32_t high;
    uint32_t low;

    do {
        high = CLINT_TIME_HIGH;
        low = CLINT_TIME;
    } while (high != CLINT_TIME_HIGH);
    return (uint32_t)(((uint64_t)high << 32 | low) / (CLINT_HZ / 1000000u));
}
