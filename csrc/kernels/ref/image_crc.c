#include "spkl_kernels.h"

uint32_t spkl_image_crc(const uint8_t *image, uint32_t length)
{
    uint32_t crc = UINT32_MAX;

    for (uint32_t i = 0; i < length; i++) {
        if (i - SPKL_CRC_AT >= 4) {
            crc ^= image[i];
        }
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (UINT32_C(0xEDB88320) & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}
