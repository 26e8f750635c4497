/* A firmware without an embedded model: it is loaded at run time. */
#include "spkl_embedded.h"

const uint32_t spkl_embedded_image[1] = {0};
const uint32_t spkl_embedded_length = 0;
