/* A firmware without an embedded model runs every kind of network. */
#include "spkl_kind.h"

const struct spkl_kind *const spkl_kinds[SPKL_N_KINDS] = {
    [SPKL_KIND_SPIKING] = &spkl_kind_spiking,
    [SPKL_KIND_GRADED] = &spkl_kind_graded,
};
