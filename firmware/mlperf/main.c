#include "spkl_mlperf.h"

int main(void)
{
    static struct spkl_mlperf device;

    spkl_port_start();
    spkl_port_clock_start();
    spkl_mlperf_start(&device);
    for (;;) {
        int byte = spkl_port_read();

        if (byte < 0) {
            spkl_port_sleep();
        } else {
            spkl_mlperf_receive(&device, (uint8_t)byte);
        }
    }
}
