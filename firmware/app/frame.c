#include "spkl_frame.h"

#include "spkl_crc.h"

uint32_t spkl_frame_crc(uint32_t crc, const uint8_t *bytes, size_t n)
{
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc = spkl_crc_add(crc, bytes[i]);
    }
    return ~crc;
}

/* The decoded bytes are behind the encoded ones: in place is safe. */
static int cobs_decode(uint8_t *bytes, size_t n)
{
    size_t from = 0;
    size_t to = 0;

    while (from < n) {
        size_t code = bytes[from++];

        if (code == 0 || code - 1 > n - from) {
            return -1;
        }
        for (size_t i = 1; i < code; i++) {
            bytes[to++] = bytes[from++];
        }
        if (code < 255 && from < n) {
            bytes[to++] = 0;
        }
    }
    return (int)to;
}

int spkl_frame_decode(uint8_t *bytes, size_t n)
{
    int length = cobs_decode(bytes, n) - 4;
    uint32_t crc;

    if (length < SPKL_WIRE_HEADER || length > SPKL_WIRE_PACKET_MAX) {
        return -1;
    }
    crc = spkl_frame_crc(0, bytes, (size_t)length);
    for (int i = 0; i < 4; i++) {
        if (bytes[length + i] != (uint8_t)(crc >> (8 * i))) {
            return -1;
        }
    }
    return length;
}

void spkl_frame_send(uint8_t *bytes, size_t n, void (*write)(uint8_t))
{
    uint32_t crc = spkl_frame_crc(0, bytes, n);
    size_t from = 0;

    for (int i = 0; i < 4; i++) {
        bytes[n++] = (uint8_t)(crc >> (8 * i));
    }
    while (from <= n) {
        size_t to = from;

        while (to < n && bytes[to] != 0) {
            to++;
        }
        write((uint8_t)(to - from + 1));
        while (from < to) {
            write(bytes[from++]);
        }
        from++;
    }
    write(0);
}
