/* A tick of the sample has been done, all populations are quiescent, no sample
 * begins and no event comes: nothing changes but counters. */
#include "net.h"

uint32_t spkl_rest(const struct spkl_net *net, uint32_t n)
{
    const struct spkl_population *end = spkl_end_of_populations(net);
    const struct spkl_population *p = net->populations;
    const struct spkl_input *in = net->inputs;
    struct spkl_clock *clock = net->clock;
    uint32_t left = net->model->ticks_per_sample - clock->sample_tick;

    if (clock->awake != 0 || clock->sample_tick == 0) {
        return 0;
    }
    n = n < left ? n : left; /* without a window many are left */
    do {
        const struct spkl_queue *queue = in->queue;

        if ((queue->n_events | queue->kind) != 0) {
            return 0;
        }
        if (queue->read != queue->write) {
            left = spkl_queue_place(in, queue->read)->tick - clock->tick;
            if ((int32_t)left <= 0) {
                return 0;
            }
            n = n < left ? n : left;
        }
    } while (++in != spkl_end_of_inputs(net));
    do {
        p->head->stats.quiet_ticks += n;
    } while (++p != end);
    clock->tick += n;
    clock->sample_tick += n;
    return n;
}
