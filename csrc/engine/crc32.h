#ifndef SPKL_CRC32_H
#define SPKL_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 as zlib's: of n bytes, going on from crc (0 at first). */
uint32_t spkl_crc32(uint32_t crc, const void *bytes, size_t n);

#endif
