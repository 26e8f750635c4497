/*
 * The device of MLPerf Tiny: takes the commands of the suite's runner over the
 * console, loads an input, runs the embedded network, times it, tells results.
 * docs/reference/mlperf.md.
 */
#ifndef SPKL_MLPERF_H
#define SPKL_MLPERF_H

#include <stdbool.h>

#include "spkl_graded.h"
#include "spkl_port.h"

enum {
    SPKL_MLPERF_LINE_MAX = 80,    /* characters of a command */
    SPKL_MLPERF_DATA_MAX = 27648, /* bytes of an input: 96 x 96 x 3 */
    SPKL_MLPERF_PRINT_LINE = 8,   /* bytes in a line of db print */
    SPKL_MLPERF_WARMUPS = 10      /* where infer does not say */
};

/* A real number: mantissa / 2^shift. */
struct spkl_mlperf_scale {
    uint32_t mantissa; /* 1 .. 2^24 - 1 */
    uint32_t shift;    /* 0 .. 60 */
};

enum spkl_mlperf_input {
    SPKL_MLPERF_INT8 = 0,   /* bytes are the network's numbers */
    SPKL_MLPERF_PIXELS = 1, /* bytes are pixels p of 0 .. 255: p - 128 */
    SPKL_MLPERF_TABLE = 2,  /* bytes are pixels p: table[p] */
    SPKL_MLPERF_FLOATS = 3  /* float32, little-endian: quantised */
};

/* What a benchmark takes and tells; written by `spikelet build`. */
struct spkl_mlperf_task {
    const char *model; /* such as "ic01" */
    enum spkl_mlperf_input input;
    bool distance;       /* results: mean squared distance of output, input */
    uint32_t digits;     /* of a result, behind the point */
    const int8_t *table; /* [256], or NULL */
    int32_t in_zero;
    int32_t out_zero;
    struct spkl_mlperf_scale in_scale;
    struct spkl_mlperf_scale out_scale;
};
extern const struct spkl_mlperf_task spkl_mlperf_task;

struct spkl_mlperf {
    struct spkl_port_memory memory;
    struct spkl_graded_model model;
    struct spkl_graded net;
    struct spkl_tensor input;
    struct spkl_tensor output;
    int error;     /* of opening the embedded model, or 0 */
    uint8_t *data; /* the input as it was loaded, in the RAM behind it all */
    uint32_t capacity; /* of data */
    uint32_t expected; /* bytes, as db load said; 0: it said nothing good */
    uint32_t received;
    uint32_t length; /* of the command that is coming */
    bool overlong;   /* it is too long */
    bool inferred;   /* there are results */
    char line[SPKL_MLPERF_LINE_MAX + 1];
};

/* Open the embedded model and say that the device is ready. */
void spkl_mlperf_start(struct spkl_mlperf *m);

/* Take one byte from the console; answers when it ends a command. */
void spkl_mlperf_receive(struct spkl_mlperf *m, uint8_t byte);

/* mlperf/commands.c: do what a line says (0 behind its end) and answer. */
void spkl_mlperf_command(struct spkl_mlperf *m, char *line);

/* mlperf/network.c */

void spkl_mlperf_open(struct spkl_mlperf *m);

/* Bytes of data that an inference needs. */
uint32_t spkl_mlperf_input_size(const struct spkl_mlperf *m);

/* Whether the loaded data are numbers: false for a NaN among floats. */
bool spkl_mlperf_input_is_good(const struct spkl_mlperf *m);

/* Make ready what does not belong into the time of an inference. */
void spkl_mlperf_prepare(struct spkl_mlperf *m);

/* One inference on the loaded data. */
void spkl_mlperf_infer(struct spkl_mlperf *m);

/* Say the results: m-results-[...] */
void spkl_mlperf_results(const struct spkl_mlperf *m);

/* mlperf/numbers.c: real numbers without float. */

/*
 * A float32 as the network takes it: what float32(x / scale) is when it is
 * rounded, halves away from zero, + zero, clamped to int8. Not for NaN.
 */
int8_t spkl_mlperf_quantise(uint32_t bits,
                            const struct spkl_mlperf_scale *scale,
                            int32_t zero);

/*
 * The mean of the squares of scale (q[i] - zero) - x[i], in units of 2^-22.
 * Both are rounded to 2^-16 before; |x| above 2^13 is taken as 2^13.
 *
 *   q  [n] in
 *   x  [4 n] in  float32, little-endian, no NaN
 *   n      in  1 .. 6912
 */
uint64_t spkl_mlperf_distance(const int8_t *q, const uint8_t *x, uint32_t n,
                              const struct spkl_mlperf_scale *scale,
                              int32_t zero);
enum { SPKL_MLPERF_DISTANCE_SHIFT = 22 };

bool spkl_mlperf_is_nan(uint32_t bits);

/* Word i of bytes, little-endian. */
static inline uint32_t spkl_mlperf_word(const uint8_t *bytes, uint32_t i)
{
    bytes += 4 * i;
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

/* mlperf/text.c: what is sent. */

void spkl_say(const char *text);
void spkl_say_number(uint32_t number);
void spkl_say_hex(uint8_t byte);

/* What came over the line, with ? for what cannot be printed. */
void spkl_say_received(const char *text);

/* value / 2^shift, shift 0 .. 60, rounded to as many digits, halves up. */
void spkl_say_decimal(bool negative, uint64_t value, uint32_t shift,
                      uint32_t digits);

#endif
