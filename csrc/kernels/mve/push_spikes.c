/* Eight spikes at a time. */
#include "push_spikes.h"

static bool list(const struct spkl_source *to, const uint16_t *from, size_t n,
                 uint32_t size)
{
    uint16_t *neurons = to->neurons;
    int16_t *values = to->values;
    uint32_t largest = 0;

    __asm__ volatile("vmov.i16 q0, #0\n\t"
                     "vmov.i16 q1, #1\n\t"
                     "wlstp.16 lr, %[n], 2f\n"
                     "1:\n\t"
                     "vldrh.u16 q2, [%[from]], #16\n\t"
                     "vmax.u16 q0, q0, q2\n\t"
                     "vstrh.16 q2, [%[neurons]], #16\n\t"
                     "vstrh.16 q1, [%[values]], #16\n\t"
                     "letp lr, 1b\n"
                     "2:\n\t"
                     "vmaxv.u16 %[largest], q0"
                     : [largest] "+r"(largest), [from] "+r"(from),
                       [neurons] "+r"(neurons), [values] "+r"(values)
                     : [n] "r"(n)
                     : "q0", "q1", "q2", "lr", "cc", "memory");
    return n == 0 || largest < size;
}

int spkl_push_spikes(struct spkl_net *net, unsigned port,
                     const uint16_t *neurons, size_t n)
{
    return spkl_stage_spikes(net, port, neurons, n, list);
}
