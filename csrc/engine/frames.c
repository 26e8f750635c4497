/* Input ports with an encoder: a frame for each sample. */
#include "net.h"

int spkl_check_encoder(const struct spkl_input_record *record,
                       const struct spkl_model *model)
{
    uint32_t encoder = record->encoder;
    uint32_t most = encoder == SPKL_ENCODER_DIRECT ? 255u : 1u;

    if (record->max_value > most || record->gain > 65536 ||
        record->capacity != record->size ||
        record->max_sum != (uint32_t)record->size * record->max_value ||
        (encoder != SPKL_ENCODER_POISSON && record->seed != 0) ||
        (encoder == SPKL_ENCODER_LATENCY && model->ticks_per_sample == 0)) {
        return SPKL_ERR_IMAGE_INPUT;
    }
    return spkl_encoders[encoder] == NULL ? SPKL_ERR_NO_KERNEL : SPKL_OK;
}

int spkl_push_frame(struct spkl_net *net, unsigned port, const uint8_t *frame,
                    size_t n)
{
    const struct spkl_input *in;
    uint8_t *held;

    if (port >= spkl_count(net->model, SPKL_SECTION_INPUTS)) {
        return SPKL_ERR_ARGUMENT;
    }
    in = &net->inputs[port];
    if (in->record->encoder == SPKL_ENCODER_EVENTS) {
        return SPKL_ERR_ENCODER;
    }
    if (frame == NULL || n != in->record->size) {
        return SPKL_ERR_ARGUMENT;
    }
    held = in->held;
    spkl_begin_sample_if_due(net);
    while (n > 0) {
        n--;
        held[n] = frame[n];
    }
    in->queue->kind = in->record->max_value;
    return SPKL_OK;
}

uint32_t spkl_update_frame(const struct spkl_net *net,
                           const struct spkl_input *in, uint32_t now)
{
    const struct spkl_input_record *record = in->record;
    const struct spkl_encoding encoding = {
        .frame = in->held,
        .n = record->size,
        .gain = record->gain,
        .seed = record->seed,
        .max_value = record->max_value,
        .tick = now,
        .sample_tick = net->clock->sample_tick,
        .window = net->model->ticks_per_sample,
    };

    if (in->queue->kind == 0) {
        return 0;
    }
    return (uint32_t)spkl_encoders[record->encoder](
        &encoding, in->source.neurons, in->source.values);
}
