/* Half a byte at a time. */
#include "spkl_crc.h"
#include "spkl_kernels.h"

uint32_t spkl_image_crc(const uint8_t *image, uint32_t length)
{
    uint32_t crc = UINT32_MAX;

    for (uint32_t i = 0; i < length; i++) {
        bool own = i - SPKL_CRC_AT < 4;

        crc = spkl_crc_add(crc, own ? 0 : image[i]);
    }
    return ~crc;
}
