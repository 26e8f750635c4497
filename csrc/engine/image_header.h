/* What all images have in common: docs/reference/image.md 1 and 2. A header
 * with functions, so that each loader has its own, in place. */
#ifndef SPKL_IMAGE_HEADER_H
#define SPKL_IMAGE_HEADER_H

#include "spkl.h"
#include "spkl_image.h"
#include "spkl_kernels.h"

enum { SPKL_SECTION_CRITICAL = 1 };

/* Returns 0 or what is wrong with an image's size, magic, version or CRC. */
static inline int spkl_check_header(const struct spkl_header_record *header,
                                    size_t length)
{
    if (header == NULL || ((uintptr_t)header & 3u) != 0 ||
        length < sizeof *header) {
        return SPKL_ERR_IMAGE_SIZE;
    }
    if (header->magic != SPKL_IMAGE_MAGIC) {
        return SPKL_ERR_IMAGE_MAGIC;
    }
    if (header->version != SPKL_IMAGE_VERSION) {
        return SPKL_ERR_IMAGE_VERSION;
    }
    if (header->length != length || length % 4 != 0 ||
        length > SPKL_IMAGE_LENGTH_MAX) {
        return SPKL_ERR_IMAGE_SIZE;
    }
    if (header->crc !=
        spkl_image_crc((const uint8_t *)header, header->length)) {
        return SPKL_ERR_IMAGE_CRC;
    }
    return SPKL_OK;
}

/* Whether a section that ends at `end` is followed by zeros up to the next
 * multiple of 4, and that is `next`. */
static inline bool spkl_is_followed(const uint8_t *image, uint32_t end,
                                    uint32_t next)
{
    for (; end % 4 != 0; end++) {
        if (image[end] != 0) {
            return false;
        }
    }
    return end == next;
}

#endif
