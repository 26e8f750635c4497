/* Arm's CMSDK UART, SysTick, and the counter of the MPS boards' FPGAIO:
 * mps2-an385, mps2-an386, mps3-an547, and the emulated Cortex-M boards. */
#include "spkl_board.h"
#include "spkl_cortexm.h"
#include "spkl_port.h"

#define DATA SPKL_REG(SPKL_BOARD_UART + 0x00u)
#define STATE SPKL_REG(SPKL_BOARD_UART + 0x04u)
#define CTRL SPKL_REG(SPKL_BOARD_UART + 0x08u)
#define INTCLEAR SPKL_REG(SPKL_BOARD_UART + 0x0Cu)
#define BAUDDIV SPKL_REG(SPKL_BOARD_UART + 0x10u)

/* Counts up, once in PRESCALE + 1 cycles of its clock. */
#define COUNTER SPKL_REG(SPKL_BOARD_COUNTER + 0x18u)
#define PRESCALE SPKL_REG(SPKL_BOARD_COUNTER + 0x1Cu)

#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define CTRL_TX_RX_RXIRQ 0x0Bu
#define INT_RX 2u

void spkl_port_start(void)
{
    spkl_cortexm_time_start();
    BAUDDIV = SPKL_BOARD_CLOCK_HZ / SPKL_BOARD_BAUD;
    CTRL = CTRL_TX_RX_RXIRQ;
    spkl_cortexm_irq_enable(SPKL_BOARD_UART_IRQ);
}

int spkl_port_read(void)
{
    return (STATE & STATE_RX_FULL) != 0 ? (int)(DATA & 0xFFu) : -1;
}

void spkl_port_write(uint8_t byte)
{
    while ((STATE & STATE_TX_FULL) != 0) {
    }
    DATA = byte;
}

/* The line is cleared before the next look at STATE: no byte is missed. */
void spkl_port_sleep(void)
{
    spkl_cortexm_wait();
    INTCLEAR = INT_RX;
    spkl_cortexm_irq_clear(SPKL_BOARD_UART_IRQ);
}

uint32_t spkl_port_time(void)
{
    return spkl_cortexm_time();
}

uint32_t spkl_port_time_hz(void)
{
    return SPKL_BOARD_CLOCK_HZ;
}

void spkl_port_clock_start(void)
{
    PRESCALE = SPKL_BOARD_COUNTER_HZ / 1000000u - 1u;
}

uint32_t spkl_port_microseconds(void)
{
    return COUNTER;
}
