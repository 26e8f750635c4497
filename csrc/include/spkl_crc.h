/* CRC-32 as zlib's, half a byte at a time: 64 bytes of table, a third of the
 * time of a bit at a time. */
#ifndef SPKL_CRC_H
#define SPKL_CRC_H

#include <stdint.h>

/* The CRC, begun with all ones and inverted in the end, after one more byte. */
static inline uint32_t spkl_crc_add(uint32_t crc, uint8_t byte)
{
    static const uint32_t crc_of[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};

    crc ^= byte;
    crc = (crc >> 4) ^ crc_of[crc & 15u];
    return (crc >> 4) ^ crc_of[crc & 15u];
}

#endif
