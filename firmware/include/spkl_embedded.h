/* The image that a firmware was built with, aligned to 4; length 0: none. One
 * of app/no_model.c and a file that `spikelet build` writes has it. */
#ifndef SPKL_EMBEDDED_H
#define SPKL_EMBEDDED_H

#include <stdint.h>

extern const uint32_t spkl_embedded_image[];
extern const uint32_t spkl_embedded_length;

#endif
