/*
 * Frames of the wire protocol: COBS with a CRC-32 (docs/reference/wire.md, 1).
 */
#ifndef SPKL_FRAME_H
#define SPKL_FRAME_H

#include "spkl.h"
#include "spkl_wire.h"

/* A packet in all its forms; events stand behind a header and 4 bytes. */
union spkl_packet {
    uint8_t bytes[SPKL_WIRE_FRAME_MAX];
    uint32_t words[SPKL_WIRE_FRAME_MAX / 4];
    struct {
        uint32_t head[2];
        struct spkl_event list[SPKL_WIRE_EVENTS_MAX];
    } events;
};

/* CRC-32 as zlib's: of n bytes, going on from crc (0 at first). */
uint32_t spkl_frame_crc(uint32_t crc, const uint8_t *bytes, size_t n);

/*
 * Decode a frame without its delimiter in place and check its CRC.
 *
 *   bytes  [n] in/out  n at most SPKL_WIRE_FRAME_MAX
 *
 * Returns the packet's length (at least SPKL_WIRE_HEADER), or -1.
 */
int spkl_frame_decode(uint8_t *bytes, size_t n);

/*
 * Put the CRC behind a packet and send both as a frame.
 *
 *   bytes  [n + 4] in/out  n at most SPKL_WIRE_PACKET_MAX
 */
void spkl_frame_send(uint8_t *bytes, size_t n, void (*write)(uint8_t));

#endif
