/* Which way from sums to outputs is right for a layer. */
#include "spkl_conv_s8.h"

spkl_requantise_fn *spkl_choose_requantise(struct spkl_outputs *how, size_t n,
                                           int64_t bound)
{
    const int64_t limit = INT64_C(1) << 30;
    bool plain = how->act_min == -128 && how->act_max == 127;
    const struct spkl_channel_record *channel = how->channels;
    bool near = true;

    for (size_t o = 0; o < n; o++, channel++) {
        int64_t bias = channel->bias;

        near = near && (bias < 0 ? -bias : bias) + bound < limit;
        plain = plain && (channel->shift < 0 || channel->multiplier == 0);
    }
    how->near = near;
    if (plain && how->out_zero == -128) {
        return spkl_requantise_relu_s8;
    }
    return plain && near ? spkl_requantise_full_s8 : spkl_requantise_any_s8;
}
