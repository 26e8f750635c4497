/* The table of all kernels. */
#include "spkl_kernels.h"

const struct spkl_kernels spkl_kernels = {
    .check_choices = spkl_check_choices_any,
    .choose_tick = spkl_choose_tick_any,
    .build_projection = spkl_build_any,
    .update_events = spkl_update_events,
    .update_frame = spkl_update_frame,
    .check_encoder = spkl_check_encoder,
    .build_output = spkl_build_output_any,
    .decode = {NULL, spkl_decode_count, spkl_decode_last, spkl_decode_largest,
               spkl_decode_first},
};

const struct spkl_parts spkl_parts = {
    .lif_tick_plain_s32 = spkl_lif_tick_plain_s32,
    .lif_tick_if_s32 = spkl_lif_tick_if_s32,
    .lif_tick_any_s32 = spkl_lif_tick_any_s32,
    .build = {NULL, spkl_build_rows, spkl_build_conv, spkl_build_sparse,
              spkl_build_feed, spkl_build_sparse4},
    .build_late = spkl_build_late,
    .place_line = spkl_place_line,
    .place_blocks = spkl_place_blocks,
    .add_rows = {spkl_add_rows_u8_s32, spkl_add_rows_u4_s32,
                 spkl_add_rows_u2_s32, spkl_add_rows_u1_s32},
    .add_codes = spkl_add_codes_s32,
    .add_runs = spkl_add_runs_s8_s32,
    .add_pixel = spkl_add_pixel_s8_s16,
    .widen_pixels = spkl_widen_pixels_s16_s32,
    .pixels_pay = &spkl_pixels_pay,
    .add_row_times = spkl_add_row_times_s8_s32,
};

spkl_encode_fn *const spkl_encoders[5] = {
    NULL, spkl_encode_rate, spkl_encode_poisson, spkl_encode_latency,
    spkl_encode_direct};
