/*
 * libFuzzer target of the commands of MLPerf Tiny: an input is what comes over
 * the line of a device with a small network in it (the test that builds this
 * target writes it). Whatever comes, what the device sends is lines of
 * printable characters, and m-ready as often as there was a command.
 */
#include <stdlib.h>
#include <string.h>

#include "mlperf_port.h"

/* An inference is short, but a million of them is not. */
enum { DIGITS_MAX = 2, LINE_MAX_SENT = 8192 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char line[LINE_MAX_SENT];
static size_t length;
static unsigned ready;

void device_sends(uint8_t byte)
{
    if (byte == '\n') {
        if (length == 0 || line[length - 1] != '\r') {
            abort();
        }
        line[length - 1] = '\0';
        ready += strcmp(line, "m-ready") == 0;
        length = 0;
        return;
    }
    if ((byte != '\r' && (byte < ' ' || byte > '~')) ||
        length == sizeof line - 1) {
        abort();
    }
    line[length++] = (char)byte;
}

/* Numbers of more than two digits are cut, but for those of db load. */
static int is_long_infer(const uint8_t *data, size_t n)
{
    size_t digits = 0;
    int infers = 0;

    for (size_t i = 0; i < n; i++) {
        digits = data[i] >= '0' && data[i] <= '9' ? digits + 1 : 0;
        infers = infers || (n - i > 5 && memcmp(data + i, "infer", 5) == 0);
        if (infers && digits > DIGITS_MAX) {
            return 1;
        }
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned commands = 1;

    if (is_long_infer(data, size)) {
        return 0;
    }
    length = 0;
    ready = 0;
    device_power_on();
    for (size_t i = 0; i < size; i++) {
        commands += data[i] == '%';
    }
    device_give(data, size);
    if (length != 0 || ready != commands) {
        abort();
    }
    return 0;
}
