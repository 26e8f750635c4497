/* What the encoders share: semantics 4. */
#ifndef SPKL_ENCODE_H
#define SPKL_ENCODE_H

#include "spkl_kernels.h"

/* step = min(x gain, 65536) of neuron i */
static inline uint32_t spkl_encode_step(const struct spkl_encoding *e,
                                        uint32_t i)
{
    uint32_t step = e->frame[i] * e->gain;

    return step < 65536 ? step : 65536;
}

#endif
