/* The choices of populations for spkl_lif_tick_plain_s32: semantics 3.2. */
#include "spkl.h"
#include "spkl_image.h"
#include "spkl_kernels.h"
#include "spkl_lif_flags.h"

#define KNOWN                                                                  \
    ((uint32_t)SPKL_LIF_BIAS_TO_V | SPKL_LIF_FIRES | SPKL_LIF_RESET_KIND |     \
     SPKL_LIF_RESET_NEXT | SPKL_LIF_RESET_BEFORE_LEAK)
#define PARAMETER(name) (UINT32_C(1) << SPKL_PARAMETER_##name)
#define PARAMETERS                                                             \
    (PARAMETER(DECAY_V) | PARAMETER(FIRE_ABOVE) | PARAMETER(RESET) |           \
     PARAMETER(BIAS) | PARAMETER(V_MIN) | PARAMETER(V_INIT))

/* Bit k: the flags from RESET_SUBTRACT on may be k. Nothing, subtract, set;
 * both of them in the next tick, and there before the leak. */
#define RESETS                                                                 \
    (1u << 0 | 1u << 1 | 1u << 2 | 1u << 5 | 1u << 6 | 1u << 13 | 1u << 14)

int spkl_check_choices_plain(struct spkl_lif *lif, uint32_t parameters,
                             uintptr_t *state)
{
    uint32_t resets = lif->flags / SPKL_LIF_RESET_SUBTRACT;
    uint32_t needs = 0;

    (void)state;
    if ((lif->flags & ~KNOWN) != 0 || (parameters & ~PARAMETERS) != 0) {
        return SPKL_ERR_NO_KERNEL;
    }
    if ((lif->flags & SPKL_LIF_FIRES) == 0) {
        needs = resets | (parameters & PARAMETER(FIRE_ABOVE));
    }
    if ((resets & 3u) == 0) {
        needs |= parameters & PARAMETER(RESET);
    }
    return lif->max_count > 1 || needs != 0 || (RESETS >> resets & 1u) == 0
               ? SPKL_ERR_IMAGE_POPULATION
               : SPKL_OK;
}
