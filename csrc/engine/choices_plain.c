/* The choices of populations for spkl_lif_tick_plain_s32: semantics 3.2. */
#include "spkl.h"
#include "spkl_image.h"
#include "spkl_kernels.h"
#include "spkl_lif_flags.h"

#define PARAMETER(name) (UINT32_C(1) << SPKL_PARAMETER_##name)
#define KINDS ((uint32_t)SPKL_LIF_RESET_KIND)

int spkl_check_choices_plain(struct spkl_lif *lif, uint32_t parameters)
{
    uint32_t flags = lif->flags;
    const uint32_t known = KINDS | SPKL_LIF_BIAS_TO_V | SPKL_LIF_FIRES |
                           SPKL_LIF_RESET_NEXT | SPKL_LIF_RESET_BEFORE_LEAK;
    const uint32_t parameters_known =
        PARAMETER(DECAY_V) | PARAMETER(FIRE_ABOVE) | PARAMETER(RESET) |
        PARAMETER(BIAS) | PARAMETER(V_MIN) | PARAMETER(V_INIT);
    uint32_t kind = flags & KINDS;
    bool late = (flags & SPKL_LIF_RESET_NEXT) != 0;
    bool before = (flags & SPKL_LIF_RESET_BEFORE_LEAK) != 0;

    if ((flags & ~known) != 0 || (parameters & ~parameters_known) != 0) {
        return SPKL_ERR_NO_KERNEL;
    }
    if (kind == KINDS || (before && !late) ||
        (kind == 0 && (late || (parameters & PARAMETER(RESET)) != 0)) ||
        ((flags & SPKL_LIF_FIRES) == 0 &&
         (kind != 0 || (parameters & PARAMETER(FIRE_ABOVE)) != 0))) {
        return SPKL_ERR_IMAGE_POPULATION;
    }
    return SPKL_OK;
}
