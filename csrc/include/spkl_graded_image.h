/*
 * Records of graded images: docs/reference/graded.md 4. Read in place.
 */
#ifndef SPKL_GRADED_IMAGE_H
#define SPKL_GRADED_IMAGE_H

#include "spkl_image.h"

/* Bytes of the tensor memory, and of scratch. */
#define SPKL_GRADED_MEMORY_MAX (UINT32_C(1) << 30)
/* Elements of a tensor. */
#define SPKL_GRADED_TENSOR_MAX (UINT32_C(1) << 28)

enum spkl_graded_section_id {
    SPKL_SECTION_GRADED = 16,
    SPKL_SECTION_TENSORS = 17,
    SPKL_SECTION_LAYERS = 18,
    SPKL_SECTION_PORTS = 19
};

enum spkl_tensor_type {
    SPKL_TENSOR_INT8 = 1,
    SPKL_TENSOR_INT16 = 2,
    SPKL_TENSOR_INT32 = 4
};

enum spkl_layer_kind {
    SPKL_LAYER_CONV_S8 = 1,
    SPKL_LAYER_DOT_S8 = 2,
    SPKL_LAYER_DEPTHWISE_S8 = 3,
    SPKL_LAYER_AVERAGE_POOL = 4,
    SPKL_LAYER_MAX_POOL = 5,
    SPKL_LAYER_ADD_S8 = 6,
    SPKL_LAYER_MUL_S8 = 7,
    SPKL_LAYER_LUT_S8 = 8,
    SPKL_LAYER_SOFTMAX_S8 = 9,
    SPKL_LAYER_COPY = 10,
    SPKL_LAYER_FILL = 11,
    SPKL_LAYER_MEAN = 12,
    SPKL_LAYER_CONV_S16 = 13,
    SPKL_LAYER_DEPTHWISE_S16 = 14,
    SPKL_LAYER_RESCALE = 15,
    SPKL_LAYER_ADD_S16 = 16,
    SPKL_LAYER_MUL_S16 = 17,
    SPKL_LAYER_SOFTMAX_S16 = 18,
    SPKL_LAYER_LOGISTIC_S16 = 19,
    SPKL_LAYER_LEAKY_RELU_S16 = 20,
    SPKL_LAYER_DENSE_S8 = 21,
    SPKL_LAYER_DENSE_S16 = 22,
    SPKL_N_LAYER_KINDS = 23
};

struct SPKL_RECORD spkl_graded_record {
    uint32_t memory_size;
    uint32_t variables_size;
    uint32_t initial;
    uint32_t reserved[5];
};

struct SPKL_RECORD spkl_tensor_record {
    uint32_t at;
    uint32_t size;
    uint8_t type;
    uint8_t constant; /* at is an offset in DATA */
    uint8_t reserved[2];
    int32_t zero_point;
};

struct SPKL_RECORD spkl_layer_record {
    uint8_t kind;
    uint8_t n_inputs;
    uint16_t output;
    uint16_t inputs[2];
    uint32_t parameters;
    uint32_t table;
    uint32_t weights;
    uint32_t weights_length;
    uint32_t reserved[2];
};

struct SPKL_RECORD spkl_port_record {
    uint16_t tensor;
    uint8_t output;
    uint8_t reserved[5];
};

/* Of each output channel of conv s8 and depthwise s8. */
struct SPKL_RECORD spkl_channel_record {
    int32_t bias;
    int32_t multiplier;
    int32_t shift;
};

/* The same of convolutions of int16; the bias has two words. */
struct SPKL_RECORD spkl_channel_s16_record {
    uint32_t bias_low;
    int32_t bias_high;
    int32_t multiplier;
    int32_t shift;
};

/* Of each output of a fully connected layer of int8: graded.md 1.6. */
struct SPKL_RECORD spkl_dense_record {
    int32_t bias;
    uint32_t multiplier_low;
    int32_t multiplier_high;
    int32_t shift;
};

/* The same with values of int16. */
struct SPKL_RECORD spkl_dense_s16_record {
    uint32_t bias_low;
    int32_t bias_high;
    uint32_t multiplier_low;
    int32_t multiplier_high;
    int32_t shift;
};

/* Parameters of layers, in the image's order. */
struct SPKL_RECORD spkl_conv_parameters {
    int32_t in_height, in_width, in_channels;
    int32_t out_height, out_width, out_channels;
    int32_t kernel_y, kernel_x;
    int32_t stride_y, stride_x;
    int32_t dilation_y, dilation_x;
    int32_t pad_y, pad_x;
    int32_t groups;
    int32_t in_zero, out_zero;
    int32_t act_min, act_max;
    int32_t bits;
};

/* Of dense s16 too. */
struct SPKL_RECORD spkl_dot_parameters {
    int32_t rows, inputs, outputs;
    int32_t in_zero, out_zero;
    int32_t act_min, act_max;
};

struct SPKL_RECORD spkl_dense_parameters {
    int32_t rows, inputs, outputs;
    int32_t in_zero, out_zero;
    int32_t act_min, act_max;
    int32_t bits;
};

struct SPKL_RECORD spkl_mean_parameters {
    int32_t kept[3], kept_step[3];
    int32_t reduced[3], reduced_step[3];
    int32_t in_zero, out_zero;
    int32_t multiplier, shift;
    int32_t act_min, act_max;
};

struct SPKL_RECORD spkl_softmax_s16_parameters {
    int32_t rows, depth;
    int32_t multiplier, shift;
};

struct SPKL_RECORD spkl_logistic_s16_parameters {
    int32_t multiplier, shift;
};

struct SPKL_RECORD spkl_leaky_relu_s16_parameters {
    int32_t multiplier, shift;
    int32_t alpha_multiplier, alpha_shift;
};

struct SPKL_RECORD spkl_pool_parameters {
    int32_t in_height, in_width, channels;
    int32_t out_height, out_width;
    int32_t kernel_y, kernel_x;
    int32_t stride_y, stride_x;
    int32_t pad_y, pad_x;
    int32_t act_min, act_max;
};

struct SPKL_RECORD spkl_add_parameters {
    int32_t size[5], a_step[5], b_step[5];
    int32_t a_zero, b_zero, out_zero;
    int32_t left_shift;
    int32_t a_multiplier, a_shift;
    int32_t b_multiplier, b_shift;
    int32_t out_multiplier, out_shift;
    int32_t act_min, act_max;
};

struct SPKL_RECORD spkl_mul_parameters {
    int32_t size[5], a_step[5], b_step[5];
    int32_t a_zero, b_zero, out_zero;
    int32_t multiplier, shift;
    int32_t act_min, act_max;
};

struct SPKL_RECORD spkl_softmax_s8_parameters {
    int32_t rows, depth;
    int32_t entries;
};

struct SPKL_RECORD spkl_copy_parameters {
    int32_t size[5];
    int32_t in_start, in_step[5];
    int32_t out_start, out_step[5];
};

struct SPKL_RECORD spkl_fill_parameters {
    int32_t value;
};

struct SPKL_RECORD spkl_rescale_parameters {
    int32_t in_zero, out_zero;
    int32_t multiplier, shift;
    int32_t act_min, act_max;
};

#endif
