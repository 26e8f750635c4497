/* nRF51: UART0, TIMER0, and flash through the NVMC. */
#include "spkl_board.h"
#include "spkl_cortexm.h"
#include "spkl_port.h"

#define HFCLK_START SPKL_REG(0x40000000u)
#define HFCLK_STARTED SPKL_REG(0x40000100u)

#define START_RX SPKL_REG(SPKL_BOARD_UART + 0x000u)
#define START_TX SPKL_REG(SPKL_BOARD_UART + 0x008u)
#define RX_READY SPKL_REG(SPKL_BOARD_UART + 0x108u)
#define TX_READY SPKL_REG(SPKL_BOARD_UART + 0x11Cu)
#define INT_ENABLE SPKL_REG(SPKL_BOARD_UART + 0x304u)
#define ENABLE SPKL_REG(SPKL_BOARD_UART + 0x500u)
#define PIN_TX SPKL_REG(SPKL_BOARD_UART + 0x50Cu)
#define PIN_RX SPKL_REG(SPKL_BOARD_UART + 0x514u)
#define RX SPKL_REG(SPKL_BOARD_UART + 0x518u)
#define TX SPKL_REG(SPKL_BOARD_UART + 0x51Cu)
#define BAUD SPKL_REG(SPKL_BOARD_UART + 0x524u)
#define BAUD_115200 0x01D7E000u
#define INT_RX_READY 4u

#define GPIO_OUT_SET SPKL_REG(0x50000508u)
#define GPIO_DIR_SET SPKL_REG(0x50000518u)

#define TIMER_START SPKL_REG(0x40008000u)
#define TIMER_CAPTURE SPKL_REG(0x40008040u)
#define TIMER_BITS SPKL_REG(0x40008508u)
#define TIMER_PRESCALER SPKL_REG(0x40008510u)
#define TIMER_VALUE SPKL_REG(0x40008540u)
#define TIMER_BITS_32 3u
#define TIMER_16M_TO_1M 4u

#define NVMC_READY SPKL_REG(0x4001E400u)
#define NVMC_CONFIG SPKL_REG(0x4001E504u)
#define NVMC_ERASE_PAGE SPKL_REG(0x4001E508u)
#define NVMC_READ 0u
#define NVMC_WRITE 1u
#define NVMC_ERASE 2u

void spkl_port_start(void)
{
    HFCLK_START = 1;
    while (HFCLK_STARTED == 0) {
    }
    TIMER_BITS = TIMER_BITS_32;
    TIMER_PRESCALER = TIMER_16M_TO_1M;
    TIMER_START = 1;
    GPIO_OUT_SET = UINT32_C(1) << SPKL_BOARD_UART_TX;
    GPIO_DIR_SET = UINT32_C(1) << SPKL_BOARD_UART_TX;
    PIN_TX = SPKL_BOARD_UART_TX;
    PIN_RX = SPKL_BOARD_UART_RX;
    BAUD = BAUD_115200;
    ENABLE = 4;
    START_RX = 1;
    START_TX = 1;
    INT_ENABLE = INT_RX_READY;
    spkl_cortexm_irq_enable(SPKL_BOARD_UART_IRQ);
}

int spkl_port_read(void)
{
    if (RX_READY == 0) {
        return -1;
    }
    RX_READY = 0;
    return (int)(RX & 0xFFu);
}

void spkl_port_write(uint8_t byte)
{
    TX_READY = 0;
    TX = byte;
    while (TX_READY == 0) {
    }
}

void spkl_port_sleep(void)
{
    spkl_cortexm_wait();
    spkl_cortexm_irq_clear(SPKL_BOARD_UART_IRQ);
}

uint32_t spkl_port_time(void)
{
    TIMER_CAPTURE = 1;
    return TIMER_VALUE & 0xFFFFFFu;
}

uint32_t spkl_port_time_hz(void)
{
    return 1000000u;
}

/* spkl_port_start has started it. */
void spkl_port_clock_start(void)
{
}

uint32_t spkl_port_microseconds(void)
{
    TIMER_CAPTURE = 1;
    return TIMER_VALUE;
}

static void nvmc(uint32_t mode)
{
    while (NVMC_READY == 0) {
    }
    NVMC_CONFIG = mode;
}

int spkl_port_slot_erase(uint32_t offset)
{
    nvmc(NVMC_ERASE);
    NVMC_ERASE_PAGE = SPKL_BOARD_SLOT + offset;
    nvmc(NVMC_READ);
    return 0;
}

int spkl_port_slot_write(uint32_t offset, const uint32_t *words, uint32_t n)
{
    nvmc(NVMC_WRITE);
    for (uint32_t i = 0; i < n; i++) {
        SPKL_REG(SPKL_BOARD_SLOT + offset + 4 * i) = words[i];
        while (NVMC_READY == 0) {
        }
    }
    nvmc(NVMC_READ);
    return 0;
}
