/* Delay lines and their feeds: semantics 3.4. */
#include "parts.h"
#include "spkl_lif_flags.h"

enum { WORD = 32, DELAY_MAX = 65535 };

int spkl_place_line(struct spkl_walk *walk,
                    const struct spkl_population_record *record,
                    struct spkl_population *p)
{
    static const int32_t none = 0;
    const struct spkl_param *delay = &p->lif.decay_v;
    struct spkl_param zero = {&none, 0};
    struct spkl_line line;
    uint32_t n = p->lif.n;
    int32_t most = 0;
    uintptr_t begin = walk->state;
    int error;

    if (!spkl_is_within(delay, &zero, DELAY_MAX, n)) {
        return SPKL_ERR_IMAGE_PARAMETER;
    }
    for (uint32_t i = 0; i < n; i++) {
        int32_t at = delay->at[i * delay->step];

        most = at > most ? at : most;
    }
    (void)record;
    line.ticks = (uint32_t)most + 1;
    line.words = (n + WORD - 1) / WORD;
    error = spkl_place_ring(walk, line.ticks,
                            p->lif.values != NULL ? 2 * n : 4 * line.words);
    line.slots = (void *)begin;
    line.place = (uint32_t *)walk->state - 2;
    p->tick = spkl_tick_line;
    p->more = spkl_keep(walk, &line, sizeof line);
    return error;
}

static uint32_t deliver(const struct spkl_net *net,
                        const struct spkl_population *p,
                        const struct spkl_projection *q)
{
    const struct spkl_source *source = q->source;
    const struct spkl_line *line = p->more;
    const struct spkl_param *delay = &p->lif.decay_v;
    uint32_t n = *source->n;

    (void)net;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = source->neurons[k];
        uint32_t slot = line->place[0] + (uint32_t)delay->at[i * delay->step];

        if (slot >= line->ticks) {
            slot -= line->ticks;
        }
        if (p->lif.values != NULL) {
            int16_t *sum = (int16_t *)line->slots + slot * p->lif.n + i;
            uint32_t waited = *sum != 0;

            /* No overflow: what comes in a tick is within max_count. */
            *sum = (int16_t)(*sum +
                             (source->values == NULL ? 1 : source->values[k]));
            line->place[1] += (*sum != 0) - waited;
        } else {
            uint32_t *bits =
                (uint32_t *)line->slots + slot * line->words + i / WORD;
            uint32_t bit = UINT32_C(1) << i % WORD;

            line->place[1] += (*bits & bit) == 0;
            *bits |= bit;
        }
    }
    return n;
}

static size_t take_bits(uint32_t *bits, uint32_t words, uint16_t *fired)
{
    uint16_t *to = fired;

    for (uint32_t i = 0; i < words; i++) {
        uint32_t left = bits[i];

        bits[i] = 0;
        for (uint32_t neuron = i * WORD; left != 0; neuron++, left >>= 1) {
            if (left & 1u) {
                *to++ = (uint16_t)neuron;
            }
        }
    }
    return (size_t)(to - fired);
}

static size_t take_values(int16_t *sums, uint32_t n, uint16_t *fired,
                          int16_t *values)
{
    size_t all = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (sums[i] != 0) {
            fired[all] = (uint16_t)i;
            values[all++] = sums[i];
            sums[i] = 0;
        }
    }
    return all;
}

size_t spkl_tick_line(const struct spkl_lif *lif, bool *changed)
{
    const struct spkl_population *p =
        (const void *)((const uint8_t *)lif -
                       offsetof(struct spkl_population, lif));
    const struct spkl_line *line = p->more;
    uint32_t place = line->place[0];
    size_t n = 0;

    if (line->place[1] != 0) {
        n = lif->values != NULL
                ? take_values((int16_t *)line->slots + place * lif->n, lif->n,
                              lif->fired, lif->values)
                : take_bits((uint32_t *)line->slots + place * line->words,
                            line->words, lif->fired);
        line->place[1] -= (uint32_t)n;
    }
    line->place[0] = place + 1 < line->ticks ? place + 1 : 0;
    *changed = line->place[1] != 0;
    return n;
}

/* The largest |sum of the values of a neuron| of a tick. */
static uint32_t most_of(const struct spkl_walk *walk,
                        const struct spkl_projection_record *record)
{
    const struct spkl_input_record *inputs =
        spkl_records(walk->net.model, SPKL_SECTION_INPUTS);

    if ((record->source & SPKL_IMAGE_FROM_INPUT) == 0 ||
        inputs[record->source & ~SPKL_IMAGE_FROM_INPUT].encoder !=
            SPKL_ENCODER_EVENTS) {
        return walk->brings / walk->rows;
    }
    return walk->brings;
}

int spkl_build_feed(struct spkl_walk *walk,
                    const struct spkl_projection_record *record,
                    struct spkl_projection *q, struct spkl_population *p)
{
    if ((record->layout | record->flags | record->map | record->weights |
         record->weights_length | record->stride) != 0 ||
        walk->rows != p->lif.n) {
        return SPKL_ERR_IMAGE_PROJECTION;
    }
    q->deliver = deliver;
    q->weights = NULL;
    q->stride = 0;
    q->table = NULL;
    walk->brings = most_of(walk, record);
    return walk->sum + walk->brings > p->lif.max_count ? SPKL_ERR_IMAGE_BOUND
                                                       : SPKL_OK;
}
