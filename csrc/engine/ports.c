/* Input and output ports, checked and made into tables: docs/reference/image.md
 * 6 to 8, docs/reference/arena.md. */
#include "build.h"
#include "spkl_lif_flags.h"

int spkl_build_input(struct spkl_walk *walk,
                     const struct spkl_input_record *record,
                     struct spkl_input *in)
{
    uint32_t capacity = record->capacity;
    uint32_t bytes = capacity * (uint32_t)sizeof(struct spkl_event);
    uintptr_t at = walk->state;
    int error = SPKL_OK;

    if (record->encoder > SPKL_ENCODER_DIRECT) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (record->size * capacity == 0 || !spkl_is_positive(record->max_value) ||
        record->max_sum - 1u >= SPKL_INPUT_SUM_MAX ||
        (record->reserved | record->reserved2[0] | record->reserved2[1] |
         record->reserved2[2]) != 0) {
        return SPKL_ERR_IMAGE_INPUT;
    }
    in->update = spkl_kernels.update_events;
    if (record->encoder != SPKL_ENCODER_EVENTS) {
        in->update = spkl_kernels.update_frame;
        bytes = spkl_room(capacity);
        if (in->update != NULL) {
            error = spkl_kernels.check_encoder(record, walk->net.model);
        }
    } else if ((record->gain | record->seed) != 0) {
        error = SPKL_ERR_IMAGE_INPUT;
    }
    in->record = record;
    in->queue = (void *)at;
    in->source.n = &in->queue->n_events;
    at += sizeof *in->queue;
    in->source.neurons = (void *)at;
    at += spkl_room(2 * capacity);
    in->source.values = (void *)at;
    at += spkl_room(2 * capacity);
    in->held = (void *)at;
    at += bytes;
    in->end = (void *)at;
    walk->state = at;
    return in->update == NULL ? SPKL_ERR_NO_KERNEL : error;
}

int spkl_build_output(struct spkl_walk *walk,
                      const struct spkl_output_record *record,
                      struct spkl_sink *out)
{
    const struct spkl_population_record *population =
        spkl_records(walk->net.model, SPKL_SECTION_POPULATIONS);
    uint32_t decoder = record->decoder;
    uint32_t capacity = record->capacity;
    uint32_t least = 0; /* places of a tick */
    uintptr_t at = walk->state;

    population += record->population;
    if (record->kind > SPKL_OUTPUT_POTENTIALS || decoder > SPKL_DECODER_FIRST) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (record->population >=
            spkl_count(walk->net.model, SPKL_SECTION_POPULATIONS) ||
        (record->reserved | record->gap | record->reserved2) != 0 ||
        ((decoder == SPKL_DECODER_COUNT || decoder == SPKL_DECODER_FIRST) &&
         (population->flags & SPKL_LIF_FIRES) == 0)) {
        return SPKL_ERR_IMAGE_OUTPUT;
    }
    if (record->kind == SPKL_OUTPUT_EVENTS) {
        least = population->size;
    }
    if (capacity < least || (least == 0 && capacity != 0)) {
        return SPKL_ERR_IMAGE_OUTPUT;
    }
    out->most = capacity - least;
    out->record = record;
    out->population = &walk->net.populations[record->population & walk->real];
    out->decode = spkl_kernels.decode[decoder];
    out->n_events = (void *)at;
    at += 8;
    out->scores = (void *)at;
    at += spkl_room(4u * population->size);
    out->events = (void *)at;
    walk->state = at + capacity * sizeof(struct spkl_event);
    return decoder != SPKL_DECODER_NONE && out->decode == NULL
               ? SPKL_ERR_NO_KERNEL
               : SPKL_OK;
}
