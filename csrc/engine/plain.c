#include "plain.h"

#include "spkl_lif_flags.h"

#define NOT_PLAIN                                                              \
    ((uint32_t)SPKL_LIF_HAS_U | SPKL_LIF_HAS_A | SPKL_LIF_HAS_REFRACTORY |     \
     SPKL_LIF_SEVERAL | SPKL_LIF_SHIFT12 | SPKL_LIF_ROUNDING |                 \
     SPKL_LIF_TEST_PREVIOUS | SPKL_LIF_ADD_THEN_DECAY)

static int32_t largest_bias(const struct spkl_lif *lif)
{
    int32_t largest = 0;

    for (uint32_t i = 0; i < lif->n; i++) {
        int32_t bias = lif->bias.at[i * lif->bias.step];

        bias = bias < 0 ? -bias : bias;
        largest = bias > largest ? bias : largest;
    }
    return largest;
}

bool spkl_lif_is_plain(const struct spkl_model *model, unsigned population,
                       const struct spkl_lif *lif)
{
    uint32_t room;

    if ((lif->flags & NOT_PLAIN) != 0 || lif->decay_v.step != 0) {
        return false;
    }
    room = (uint32_t)(SPKL_V_MAX - largest_bias(lif)) >> lif->frac;
    return spkl_input_sum(model, population) * 128u <= room;
}
