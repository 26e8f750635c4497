/* Input and output ports, checked and made into tables: docs/reference/image.md
 * 6 to 8, docs/reference/arena.md. */
#include "build.h"
#include "spkl_lif_flags.h"

int spkl_build_input(struct spkl_walk *walk,
                     const struct spkl_input_record *record,
                     struct spkl_input *in)
{
    uint32_t capacity = record->capacity;
    uint32_t halves = (2 * capacity + 7) & ~UINT32_C(7);
    uint32_t bytes = (capacity + 7) & ~UINT32_C(7);
    uintptr_t at = walk->state;

    if (record->encoder > SPKL_ENCODER_DIRECT) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (record->size == 0 || capacity == 0 ||
        record->max_sum - 1u >= SPKL_INPUT_SUM_MAX ||
        (record->reserved | record->reserved2[0] | record->reserved2[1] |
         record->reserved2[2]) != 0) {
        return SPKL_ERR_IMAGE_INPUT;
    }
    in->port = spkl_kernels.frames;
    if (record->encoder == SPKL_ENCODER_EVENTS) {
        in->port = spkl_kernels.events;
        bytes = capacity * (uint32_t)sizeof(struct spkl_event);
    }
    in->record = record;
    in->queue = (void *)at;
    in->source.n = &in->queue->n_events;
    at += sizeof *in->queue;
    in->source.neurons = (void *)at;
    at += halves;
    in->source.values = (void *)at;
    at += halves;
    in->held = (void *)at;
    at += bytes;
    in->end = (void *)at;
    walk->state = at;
    return in->port == NULL ? SPKL_ERR_NO_KERNEL
                            : in->port->check(record, walk->model);
}

int spkl_build_output(struct spkl_walk *walk,
                      const struct spkl_output_record *record,
                      struct spkl_sink *out)
{
    const struct spkl_population_record *population =
        &walk->model->populations[record->population];
    uint32_t decoder = record->decoder;
    uint32_t capacity = record->capacity;
    uintptr_t at = walk->state;

    if (record->kind > SPKL_OUTPUT_POTENTIALS || decoder > SPKL_DECODER_FIRST) {
        return SPKL_ERR_UNSUPPORTED;
    }
    if (record->population >= walk->model->n_populations ||
        (record->reserved | record->reserved2[0] | record->reserved2[1]) != 0 ||
        ((decoder == SPKL_DECODER_COUNT || decoder == SPKL_DECODER_FIRST) &&
         (population->flags & SPKL_LIF_FIRES) == 0)) {
        return SPKL_ERR_IMAGE_OUTPUT;
    }
    out->most = 0;
    if (record->kind == SPKL_OUTPUT_EVENTS) {
        out->most = capacity - population->size;
    }
    if (capacity < out->most ||
        (record->kind != SPKL_OUTPUT_EVENTS && capacity != 0)) {
        return SPKL_ERR_IMAGE_OUTPUT;
    }
    out->record = record;
    out->population = &walk->net->populations[record->population & walk->real];
    out->decode = spkl_kernels.decode[decoder];
    out->n_events = (void *)at;
    at += 8;
    out->scores = (void *)at;
    if (decoder != SPKL_DECODER_NONE) {
        if (out->decode == NULL) {
            return SPKL_ERR_NO_KERNEL;
        }
        at += (4u * population->size + 7) & ~UINT32_C(7);
    }
    out->events = (void *)at;
    walk->state = at + capacity * sizeof(struct spkl_event);
    return SPKL_OK;
}
