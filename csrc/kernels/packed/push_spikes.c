#include "push_spikes.h"

int spkl_push_spikes(struct spkl_net *net, unsigned port,
                     const uint16_t *neurons, size_t n)
{
    return spkl_stage_spikes(net, port, neurons, n, spkl_copy_spikes);
}
