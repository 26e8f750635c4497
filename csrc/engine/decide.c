/* Samples that end early, where the scores tell already: semantics 5.1. */
#include "build.h"

int spkl_build_output_any(struct spkl_walk *walk,
                          const struct spkl_output_record *record,
                          struct spkl_sink *out)
{
    const struct spkl_population_record *population =
        spkl_records(walk->net.model, SPKL_SECTION_POPULATIONS);
    const struct spkl_model *model = walk->net.model;
    struct spkl_output_record other = *record;
    int error;

    other.gap = 0;
    error = spkl_build_output(walk, &other, out);
    out->record = record;
    if (error != SPKL_OK || record->gap == 0) {
        return error;
    }
    return record->decoder == SPKL_DECODER_NONE ||
                   population[record->population].size < 2 ||
                   model->ticks_per_sample == 0 || model->reset_between == 0
               ? SPKL_ERR_IMAGE_OUTPUT
               : SPKL_OK;
}

/* How far the second largest of n scores is behind the largest; n is 2 or
 * more. */
static uint32_t gap_of(const int32_t *scores, uint32_t n)
{
    int32_t first = scores[0];
    int32_t second = INT32_MIN;

    for (uint32_t i = 1; i < n; i++) {
        int32_t score = scores[i];

        if (score > first) {
            second = first;
            first = score;
        } else if (score > second) {
            second = score;
        }
    }
    return (uint32_t)first - (uint32_t)second;
}

int spkl_decided(const struct spkl_net *net)
{
    const struct spkl_sink *out = net->outputs;
    int decided = 0;

    do {
        uint32_t least = out->record->gap;

        if (least != 0) {
            if (gap_of(out->scores, out->population->lif.n) < least) {
                return 0;
            }
            decided = 1;
        }
    } while (++out != spkl_end_of_outputs(net));
    return decided;
}

/* Drop what was pushed for ticks that are past. */
static void drop_events(const struct spkl_input *in, uint32_t now)
{
    struct spkl_queue *queue = in->queue;
    uint32_t read = queue->read;

    if (in->record->encoder != SPKL_ENCODER_EVENTS) {
        return;
    }
    queue->kind = 0;
    while (read != queue->write &&
           (int32_t)(spkl_queue_place(in, read)->tick - now) < 0) {
        read++;
        if (read == 2u * in->record->capacity) {
            read = 0;
        }
    }
    SPKL_BARRIER();
    queue->read = read;
}

void spkl_end_sample(struct spkl_net *net)
{
    const struct spkl_input *in = net->inputs;
    struct spkl_clock *clock = net->clock;
    uint32_t window = net->model->ticks_per_sample;

    if (clock->sample_tick >= window) {
        return; /* it has ended, or never does */
    }
    clock->tick += window - clock->sample_tick;
    clock->sample_tick += window;

    /* From here on an interrupt's events are for the next sample. */
    SPKL_BARRIER();
    do {
        drop_events(in, clock->tick);
    } while (++in != spkl_end_of_inputs(net));
}

uint32_t spkl_advance_early(struct spkl_net *net, uint32_t n)
{
    uint32_t done = 0;

    while (done < n && spkl_tick(net) == SPKL_OK) {
        done++;
        if (spkl_decided(net) != 0) {
            spkl_end_sample(net);
            break;
        }
    }
    return done;
}

uint32_t spkl_sample_ticks(const struct spkl_net *net)
{
    uint32_t window = net->model->ticks_per_sample;
    uint32_t ticks = net->clock->sample_tick;

    return window != 0 && ticks > window ? ticks - window : ticks;
}
