/* Late projections: semantics 2.6. */
#include "parts.h"

enum { DELAY_MAX = 65535 };

/* Hand the sums of this tick to the ticks in which they are due. */
static void hand(const struct spkl_late *late, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t slot = late->place[0] + (uint32_t)late->delays[i];

        if (slot >= late->ticks) {
            slot -= late->ticks;
        }
        late->ring[slot * n + i] += late->sums[i];
        late->sums[i] = 0;
    }
}

static uint32_t deliver(const struct spkl_net *net,
                        const struct spkl_population *p,
                        const struct spkl_projection *q)
{
    const struct spkl_late *late = q->table;
    uint32_t *place = late->place;
    uint32_t n = p->lif.n;
    int32_t *due;

    if (*q->source->n > 0) {
        struct spkl_net other = *net;

        other.in = late->sums;
        (void)late->inner.deliver(&other, p, &late->inner);
        hand(late, n);
        place[1] = late->ticks;
    }
    if (place[1] == 0) {
        return 0;
    }
    due = late->ring + place[0] * n;
    for (uint32_t i = 0; i < n; i++) {
        net->in[i] += due[i];
        due[i] = 0;
    }
    spkl_touch_all(p);
    place[0] = place[0] + 1 < late->ticks ? place[0] + 1 : 0;
    place[1]--;
    return 1;
}

int spkl_build_late(struct spkl_walk *walk,
                    const struct spkl_projection_record *record,
                    struct spkl_projection *q, struct spkl_population *p)
{
    uint32_t n = p->lif.n;
    struct spkl_late late;
    int32_t most = 0;
    int error;

    late.delays = spkl_data_at(walk->net.model, record->delays, 4 * n);
    if (late.delays == NULL) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    for (uint32_t i = 0; i < n; i++) {
        int32_t delay = late.delays[i];

        if (delay < 0 || delay > DELAY_MAX) {
            return SPKL_ERR_IMAGE_PROJECTION;
        }
        most = delay > most ? delay : most;
    }
    late.inner = *q;
    late.ticks = (uint32_t)most + 1;
    late.sums = spkl_sums_behind(walk, p, (n + 31) / 32, (n + 3) & ~3u);
    late.ring = (void *)walk->state;
    error = spkl_place_ring(walk, late.ticks, 4 * n);
    late.place = (uint32_t *)walk->state - 2;
    q->deliver = deliver;
    q->table = spkl_keep(walk, &late, sizeof late);
    return error;
}
