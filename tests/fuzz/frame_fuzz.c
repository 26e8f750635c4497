/*
 * libFuzzer target of the wire protocol: an input is a list of records for a
 * board that runs a small model (embedded; the test that builds this target
 * writes it).
 *
 * Raw bytes rarely have a right CRC, so a record is a length and a packet,
 * which gets its sequence number and its frame here. A length above
 * SPKL_WIRE_PACKET_MAX sends the packet raw, without CRC.
 */
#include <stdlib.h>
#include <string.h>

#include "frame_port.h"
#include "spkl_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void give(uint8_t byte)
{
    board_give(&byte, 1);
}

static void ask(uint8_t sequence, const uint8_t *packet, size_t n)
{
    uint8_t bytes[SPKL_WIRE_PACKET_MAX + 4] = {0};

    memcpy(bytes, packet, n);
    bytes[0] = sequence;
    spkl_frame_send(bytes, n < SPKL_WIRE_HEADER ? SPKL_WIRE_HEADER : n, give);
}

/* Every answer is a whole frame with a right CRC. */
static void check_answers(void)
{
    uint8_t heard[1024];
    uint8_t frame[SPKL_WIRE_FRAME_MAX];
    size_t length = 0;
    size_t n = board_take(heard, sizeof heard);

    for (size_t i = 0; i < n; i++) {
        if (heard[i] != 0) {
            if (length == SPKL_WIRE_FRAME_MAX - 1) {
                abort();
            }
            frame[length++] = heard[i];
        } else {
            if (spkl_frame_decode(frame, length) < SPKL_WIRE_HEADER) {
                abort();
            }
            length = 0;
        }
    }
    if (length != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t hello[SPKL_WIRE_HEADER] = {0, SPKL_COMMAND_HELLO, 0, 0};
    uint8_t sequence = 0;
    size_t at = 0;

    board_set(10, 0);
    board_power_on();
    ask(sequence, hello, sizeof hello);
    while (at < size) {
        size_t length = data[at++];
        size_t n =
            length < SPKL_WIRE_PACKET_MAX ? length : SPKL_WIRE_PACKET_MAX;

        n = n < size - at ? n : size - at;
        if (length > SPKL_WIRE_PACKET_MAX) {
            board_give(data + at, n);
            give(0);
        } else {
            ask(++sequence, data + at, n);
        }
        at += n;
        check_answers();
    }
    return 0;
}
