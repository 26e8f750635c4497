#include "spkl_app.h"

int main(void)
{
    static struct spkl_app app;

    spkl_port_start();
    spkl_app_start(&app);
    for (;;) {
        int byte = spkl_port_read();

        if (byte < 0) {
            spkl_port_sleep();
        } else {
            spkl_app_receive(&app, (uint8_t)byte);
        }
    }
}
