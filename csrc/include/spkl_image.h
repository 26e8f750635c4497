/*
 * The image format: docs/reference/image.md. Records are read in place, so
 * they may lie over memory of any type.
 */
#ifndef SPKL_IMAGE_H
#define SPKL_IMAGE_H

#include <stdint.h>

#include "spkl_compiler.h"

#define SPKL_IMAGE_MAGIC UINT32_C(0x4C4B5053) /* "SPKL" */
#define SPKL_IMAGE_VERSION 1
#define SPKL_IMAGE_LENGTH_MAX (UINT32_C(1) << 30)
#define SPKL_IMAGE_ABSENT UINT32_C(0xFFFFFFFF)
#define SPKL_IMAGE_FROM_INPUT 0x8000u
#define SPKL_IMAGE_ZERO_WEIGHT 128
#define SPKL_IMAGE_HAS_MAP 1u
#define SPKL_IMAGE_HAS_DELAYS 2u

#define SPKL_V_MAX 0x3FFFFFFF
#define SPKL_IMAGE_STATE_MAX (UINT32_C(1) << 30)
#define SPKL_INPUT_SUM_MAX (UINT32_C(1) << 23)

enum { SPKL_IMAGE_SECTIONS_MAX = 16 };

enum spkl_section_id {
    SPKL_SECTION_MODEL = 1,
    SPKL_SECTION_POPULATIONS = 2,
    SPKL_SECTION_PROJECTIONS = 3,
    SPKL_SECTION_INPUTS = 4,
    SPKL_SECTION_OUTPUTS = 5,
    SPKL_SECTION_DATA = 6,
    SPKL_SECTION_META = 7,
    SPKL_SECTION_LEARNED = 8,
    SPKL_SECTION_SIGNATURE = 9
};

enum spkl_population_kind {
    SPKL_POPULATION_LIF = 1,
    SPKL_POPULATION_DELAY = 2
};

enum spkl_projection_kind {
    SPKL_PROJECTION_DENSE = 1,
    SPKL_PROJECTION_CONV = 2,
    SPKL_PROJECTION_SPARSE = 3,
    SPKL_PROJECTION_FEED = 4,
    SPKL_PROJECTION_SPARSE4 = 5
};

enum spkl_layout {
    SPKL_LAYOUT_ROWS_U8 = 0,
    SPKL_LAYOUT_ROWS_U4 = 1,
    SPKL_LAYOUT_ROWS_U2 = 2,
    SPKL_LAYOUT_ROWS_U1 = 3,
    SPKL_LAYOUT_ROWS_S8 = 4,
    SPKL_LAYOUT_SPARSE = 5,
    SPKL_LAYOUT_SPARSE4 = 6
};

enum spkl_parameter {
    SPKL_PARAMETER_DELAY = 0, /* of a delay line */
    SPKL_PARAMETER_DECAY_V = 0,
    SPKL_PARAMETER_DECAY_U = 1,
    SPKL_PARAMETER_DECAY_A = 2,
    SPKL_PARAMETER_FIRE_ABOVE = 3,
    SPKL_PARAMETER_RESET = 4,
    SPKL_PARAMETER_BIAS = 5,
    SPKL_PARAMETER_V_MIN = 6,
    SPKL_PARAMETER_V_INIT = 7,
    SPKL_PARAMETER_COUNT_BY = 8,
    SPKL_PARAMETER_ADAPT_BY = 9,
    SPKL_PARAMETER_REFRACTORY = 10,
    SPKL_N_PARAMETERS = 11
};

enum spkl_encoder {
    SPKL_ENCODER_EVENTS = 0,
    SPKL_ENCODER_RATE = 1,
    SPKL_ENCODER_POISSON = 2,
    SPKL_ENCODER_LATENCY = 3,
    SPKL_ENCODER_DIRECT = 4
};

enum spkl_output_kind { SPKL_OUTPUT_EVENTS = 0, SPKL_OUTPUT_POTENTIALS = 1 };

enum spkl_decoder {
    SPKL_DECODER_NONE = 0,
    SPKL_DECODER_COUNT = 1,
    SPKL_DECODER_LAST = 2,
    SPKL_DECODER_LARGEST = 3,
    SPKL_DECODER_FIRST = 4
};

struct SPKL_RECORD spkl_header_record {
    uint32_t magic;
    uint16_t version;
    uint16_t n_sections;
    uint32_t length;
    uint32_t crc;
    uint32_t reserved[4];
};

struct SPKL_RECORD spkl_section_record {
    uint16_t id;
    uint16_t flags; /* bit 0: critical */
    uint32_t offset;
    uint32_t length;
    uint32_t count;
};

/* An image that was checked begins so: the sections up to DATA must be there,
 * and come first. */
struct SPKL_RECORD spkl_image {
    struct spkl_header_record header;
    struct spkl_section_record sections[SPKL_SECTION_DATA];
};

struct SPKL_RECORD spkl_model_record {
    uint32_t flags; /* bit 0: reset_between */
    uint32_t ticks_per_sample;
    uint32_t tick_ns;
    uint32_t state_size;
    uint32_t reserved[4];
};

struct SPKL_RECORD spkl_population_record {
    uint8_t kind;
    uint8_t frac;
    uint16_t size;
    uint32_t flags;
    uint16_t per_neuron;
    uint16_t max_count;
    uint32_t parameters[SPKL_N_PARAMETERS];
    uint8_t block; /* neurons of a block, as a power of 2 */
    uint8_t reserved[7];
};

struct SPKL_RECORD spkl_projection_record {
    uint8_t kind;
    uint8_t layout;
    uint16_t flags; /* SPKL_IMAGE_HAS_... */
    uint16_t source;
    uint16_t target;
    uint16_t delay;
    uint16_t reserved;
    uint32_t weights;
    uint32_t weights_length;
    uint32_t stride;
    uint32_t map;
    uint32_t delays;
};

/* The source of a projection as an image; of a convolution, the target too. */
struct SPKL_RECORD spkl_map_record {
    uint16_t channels;
    uint16_t height;
    uint16_t width;
    uint8_t planar;
    uint8_t out_planar;
    uint16_t pool_y;
    uint16_t pool_x;
    uint16_t out_channels;
    uint16_t out_height;
    uint16_t out_width;
    uint16_t groups;
    uint16_t kernel_y;
    uint16_t kernel_x;
    uint16_t stride_y;
    uint16_t stride_x;
    int16_t pad_y;
    int16_t pad_x;
    uint16_t dilation_y;
    uint16_t dilation_x;
    uint32_t reserved;
};

struct SPKL_RECORD spkl_input_record {
    uint16_t size;
    uint8_t encoder;
    uint8_t reserved;
    uint16_t max_value;
    uint16_t capacity;
    uint32_t max_sum;
    uint32_t gain;
    uint32_t seed;
    uint32_t reserved2[3];
};

struct SPKL_RECORD spkl_output_record {
    uint16_t population;
    uint8_t kind;
    uint8_t decoder;
    uint16_t capacity;
    uint16_t reserved;
    uint32_t gap; /* of the best two scores that ends a sample; 0: none does */
    uint32_t reserved2;
};

#endif
