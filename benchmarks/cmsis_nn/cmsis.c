/* Layers of CMSIS-NN on a bare core. The memory is laid out by the caller:
 * benchmarks/cmsis_nn/machines.py. Nothing here is counted. */
#include "arm_nnfunctions.h"

struct task {
    /* As struct spkl_conv_parameters, of fully connected layers 1 x 1. */
    int32_t in_height, in_width, in_channels;
    int32_t out_height, out_width, out_channels;
    int32_t kernel_y, kernel_x;
    int32_t stride_y, stride_x;
    int32_t dilation_y, dilation_x;
    int32_t pad_y, pad_x;
    int32_t groups;
    int32_t in_zero, out_zero;
    int32_t act_min, act_max;
    const int8_t *in;
    const int8_t *weights; /* as in the .tflite file */
    const int32_t *bias;
    int32_t *multipliers;
    int32_t *shifts;
    int8_t *out;
    void *buffer;
    int32_t buffer_size;
};

int bare_room_conv(const struct task *t);
int bare_run_conv(const struct task *t);
int bare_room_depthwise(const struct task *t);
int bare_run_depthwise(const struct task *t);
int bare_room_dense(const struct task *t);
int bare_begin_dense(const struct task *t);
int bare_run_dense(const struct task *t);

static cmsis_nn_dims in_dims(const struct task *t)
{
    return (cmsis_nn_dims){1, t->in_height, t->in_width, t->in_channels};
}

static cmsis_nn_dims out_dims(const struct task *t)
{
    return (cmsis_nn_dims){1, t->out_height, t->out_width, t->out_channels};
}

static cmsis_nn_conv_params conv_params(const struct task *t)
{
    return (cmsis_nn_conv_params){.input_offset = -t->in_zero,
                                  .output_offset = t->out_zero,
                                  .stride = {t->stride_x, t->stride_y},
                                  .padding = {t->pad_x, t->pad_y},
                                  .dilation = {t->dilation_x, t->dilation_y},
                                  .activation = {t->act_min, t->act_max}};
}

static cmsis_nn_dims conv_filter(const struct task *t)
{
    return (cmsis_nn_dims){t->out_channels, t->kernel_y, t->kernel_x,
                           t->in_channels / t->groups};
}

static cmsis_nn_dw_conv_params depthwise_params(const struct task *t)
{
    return (cmsis_nn_dw_conv_params){.input_offset = -t->in_zero,
                                     .output_offset = t->out_zero,
                                     .ch_mult =
                                         t->out_channels / t->in_channels,
                                     .stride = {t->stride_x, t->stride_y},
                                     .padding = {t->pad_x, t->pad_y},
                                     .dilation = {t->dilation_x, t->dilation_y},
                                     .activation = {t->act_min, t->act_max}};
}

static cmsis_nn_dims depthwise_filter(const struct task *t)
{
    return (cmsis_nn_dims){1, t->kernel_y, t->kernel_x, t->out_channels};
}

int bare_room_conv(const struct task *t)
{
    cmsis_nn_conv_params params = conv_params(t);
    cmsis_nn_dims in = in_dims(t), filter = conv_filter(t), out = out_dims(t);

    return arm_convolve_wrapper_s8_get_buffer_size(&params, &in, &filter, &out);
}

int bare_run_conv(const struct task *t)
{
    cmsis_nn_conv_params params = conv_params(t);
    cmsis_nn_dims in = in_dims(t), filter = conv_filter(t), out = out_dims(t);
    cmsis_nn_dims bias = {1, 1, 1, t->out_channels};
    cmsis_nn_context context = {t->buffer, t->buffer_size};
    cmsis_nn_per_channel_quant_params quant = {t->multipliers, t->shifts};

    return arm_convolve_wrapper_s8(&context, &params, &quant, &in, t->in,
                                   &filter, t->weights, &bias, t->bias, &out,
                                   t->out);
}

int bare_room_depthwise(const struct task *t)
{
    cmsis_nn_dw_conv_params params = depthwise_params(t);
    cmsis_nn_dims in = in_dims(t), filter = depthwise_filter(t);
    cmsis_nn_dims out = out_dims(t);

    return arm_depthwise_conv_wrapper_s8_get_buffer_size(&params, &in, &filter,
                                                         &out);
}

int bare_run_depthwise(const struct task *t)
{
    cmsis_nn_dw_conv_params params = depthwise_params(t);
    cmsis_nn_dims in = in_dims(t), filter = depthwise_filter(t);
    cmsis_nn_dims out = out_dims(t), bias = {1, 1, 1, t->out_channels};
    cmsis_nn_context context = {t->buffer, t->buffer_size};
    cmsis_nn_per_channel_quant_params quant = {t->multipliers, t->shifts};

    return arm_depthwise_conv_wrapper_s8(&context, &params, &quant, &in, t->in,
                                         &filter, t->weights, &bias, t->bias,
                                         &out, t->out);
}

int bare_room_dense(const struct task *t)
{
    cmsis_nn_dims filter = {t->in_channels, 1, 1, t->out_channels};

    return arm_fully_connected_s8_get_buffer_size(&filter);
}

/* The sums of weights, where the core wants them: made once for a network. */
int bare_begin_dense(const struct task *t)
{
    return t->buffer_size == 0
               ? 0
               : arm_vector_sum_s8(t->buffer, t->in_channels, t->out_channels,
                                   t->weights, -t->in_zero, 0, t->bias);
}

int bare_run_dense(const struct task *t)
{
    cmsis_nn_fc_params params = {.input_offset = -t->in_zero,
                                 .filter_offset = 0,
                                 .output_offset = t->out_zero,
                                 .activation = {t->act_min, t->act_max}};
    cmsis_nn_per_tensor_quant_params quant = {t->multipliers[0], t->shifts[0]};
    cmsis_nn_dims in = {t->in_width, 1, 1, t->in_channels};
    cmsis_nn_dims filter = {t->in_channels, 1, 1, t->out_channels};
    cmsis_nn_dims out = {t->in_width, 1, 1, t->out_channels};
    cmsis_nn_dims bias = {1, 1, 1, t->out_channels};
    cmsis_nn_context context = {t->buffer, t->buffer_size};

    return arm_fully_connected_s8(&context, &params, &quant, &in, t->in,
                                  &filter, t->weights, &bias, t->bias, &out,
                                  t->out);
}
