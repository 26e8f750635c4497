#include "spkl_mlperf.h"

/* Ends a command. */
#define TERMINATOR '%'

static void ready(void)
{
    spkl_say("m-ready\r\n");
}

void spkl_mlperf_start(struct spkl_mlperf *m)
{
    m->data = NULL;
    m->capacity = 0;
    m->expected = 0;
    m->received = 0;
    m->length = 0;
    m->overlong = false;
    m->inferred = false;
    spkl_mlperf_open(m);
    spkl_say("m-timestamp-mode-performance\r\nm-lap-us-");
    spkl_say_number(spkl_port_microseconds());
    spkl_say("\r\n");
    if (m->error != SPKL_OK) {
        spkl_say("e-[");
        spkl_say(spkl_error_text(m->error));
        spkl_say("]\r\n");
    }
    spkl_say("m-init-done\r\n");
    ready();
}

/* What terminals and a cable that is plugged in send is no part of a command.
 */
static void collect(struct spkl_mlperf *m, char character)
{
    if (character == '\r' || character == '\n' || character == '\0') {
        return;
    }
    if (m->length < SPKL_MLPERF_LINE_MAX) {
        m->line[m->length++] = character;
    } else {
        m->overlong = true;
    }
}

void spkl_mlperf_receive(struct spkl_mlperf *m, uint8_t byte)
{
    if (byte != TERMINATOR) {
        collect(m, (char)byte);
        return;
    }
    if (m->overlong) {
        spkl_say("e-[Command longer than ");
        spkl_say_number(SPKL_MLPERF_LINE_MAX);
        spkl_say(" characters]\r\n");
    } else {
        m->line[m->length] = '\0';
        spkl_mlperf_command(m, m->line);
    }
    m->length = 0;
    m->overlong = false;
    ready();
}
