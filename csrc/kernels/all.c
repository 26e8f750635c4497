/* The table of all kernels. */
#include "spkl_kernels.h"

const struct spkl_kernels spkl_kernels = {
    .lif_tick_plain_s32 = spkl_lif_tick_plain_s32,
    .lif_tick_any_s32 = spkl_lif_tick_any_s32,
    .check_choices = spkl_check_choices_any,
    .update_events = spkl_update_events,
    .update_frame = spkl_update_frame,
    .check_encoder = spkl_check_encoder,
    .decode = {NULL, spkl_decode_count, spkl_decode_last, spkl_decode_largest,
               spkl_decode_first},
};

spkl_encode_fn *const spkl_encoders[5] = {
    NULL, spkl_encode_rate, spkl_encode_poisson, spkl_encode_latency,
    spkl_encode_direct};
