/* The table of all kernels. */
#include "spkl_kernels.h"

const struct spkl_kernels spkl_kernels = {
    .lif_tick_plain_s32 = spkl_lif_tick_plain_s32,
    .lif_tick_any_s32 = spkl_lif_tick_any_s32,
    .check_choices = spkl_check_choices_any,
    .events = &spkl_events_port,
    .frames = &spkl_frames_port,
    .encode = {NULL, spkl_encode_rate, spkl_encode_poisson, spkl_encode_latency,
               spkl_encode_direct},
    .decode = {NULL, spkl_decode_count, spkl_decode_last, spkl_decode_largest,
               spkl_decode_first},
};
