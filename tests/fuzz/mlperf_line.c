/* A device of MLPerf Tiny on stdin and stdout. */
#include <stdio.h>

#include "mlperf_port.h"

void device_sends(uint8_t byte)
{
    (void)putchar(byte);
}

int main(void)
{
    int byte;

    device_power_on();
    while ((byte = getchar()) != EOF) {
        uint8_t given = (uint8_t)byte;

        device_give(&given, 1);
    }
    return 0;
}
