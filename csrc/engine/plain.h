#ifndef SPKL_PLAIN_H
#define SPKL_PLAIN_H

#include "build.h"
#include "spkl_lif_flags.h"

/* Whether the input of a population, within 128 sum, and its bias are together
 * within V_MAX in units of v. */
static inline bool spkl_is_bounded(const struct spkl_lif *lif, uint32_t sum)
{
    uint32_t input = sum << 7;
    struct spkl_param low;
    int32_t most;
    int32_t least;

    if (input > (uint32_t)SPKL_V_MAX >> lif->frac) {
        return false;
    }
    most = SPKL_V_MAX - (int32_t)(input << lif->frac);
    least = -most;
    low.at = &least;
    low.step = 0;
    return spkl_is_within(&lif->bias, &low, most, lif->n);
}

/* Whether spkl_lif_tick_plain_s32 may update a population (spkl_kernels.h says
 * which). */
static inline bool spkl_is_plain(const struct spkl_lif *lif, uint32_t sum)
{
    const uint32_t not_plain = (uint32_t)SPKL_LIF_HAS_U | SPKL_LIF_HAS_A |
                               SPKL_LIF_HAS_REFRACTORY | SPKL_LIF_SEVERAL |
                               SPKL_LIF_SHIFT12 | SPKL_LIF_ROUNDING |
                               SPKL_LIF_TEST_PREVIOUS | SPKL_LIF_ADD_THEN_DECAY;

    return ((lif->flags & not_plain) | lif->decay_v.step) == 0 &&
           spkl_is_bounded(lif, sum);
}

/* Note of a plain population that it is calm. Built for size nobody asks. */
static inline void spkl_note_calm(struct spkl_lif *lif, uint32_t sum)
{
#if !defined(__OPTIMIZE_SIZE__)
    if (spkl_is_calm(lif, sum)) {
        lif->flags |= SPKL_LIF_CALM;
    }
#else
    (void)lif;
    (void)sum;
#endif
}

#endif
