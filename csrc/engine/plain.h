#ifndef SPKL_PLAIN_H
#define SPKL_PLAIN_H

#include "net.h"

/* Whether spkl_lif_tick_plain_s32 may update a population
 * (spkl_kernels.h says which); parameters are resolved. */
bool spkl_lif_is_plain(const struct spkl_model *model, unsigned population,
                       const struct spkl_lif *lif);

#endif
