/*
 * Cortex-M55 (MVE) multiplies sixteen bytes and adds them up in one
 * instruction. Where values are above -128, weights of four channels are turned
 * from rows into columns, for up to sixteen pixels at once, and every run of a
 * pixel's inputs that follow each other is multiplied by all four.
 *
 * Inputs and weights are unsigned, as in lists: the sum of a value a and a code
 * u = w + 128 is that of a w and 128 a, and the sum of a pixel's values is
 * known. Both are below 2^32: inputs are fewer than 2^16.
 *
 * All inputs of the pixels are read before their outputs are written, which
 * wait in the scratch (graded 5).
 */
#include "spkl_conv_s8.h"
#include "spkl_layers.h"

enum { PIXELS = 16 };

/* A function in assembly. */
#define FUNCTION(name, text)                                                   \
    __asm__(".section .text." name ", \"ax\", %progbits\n\t"                   \
            ".type " name ", %function\n\t"                                    \
            ".balign 4\n\t"                                                    \
            ".thumb_func\n" name ":\n\t" text "\n\t"                           \
            ".size " name ", . - " name "\n\t"                                 \
            ".text")

struct pixel {
    const int8_t *in; /* first input inside the map */
    uint32_t first;   /* its number in the patch */
    uint32_t run;     /* inputs that follow each other */
    uint32_t rows;    /* of the kernel that lie inside */
    int32_t offset;   /* -128 times the sum of its values */
};

/* What `dot` does: all pixels for four channels. Its assembly knows the order
 * of the fields. */
struct job {
    const struct pixel *pixels;
    const uint8_t *columns; /* [4][inputs] */
    uint32_t inputs;        /* of a patch */
    uint32_t in_step;       /* from a row of a patch to the next, in the map */
    uint32_t column_step;   /* and in a column */
    const struct spkl_channel_record *channels;
    int8_t *out; /* of the first pixel */
    uint32_t out_step;
    const struct pixel *end; /* of the pixels */
    int32_t out_zero;
};

/* rows: a byte each of four channels, in a word; `size` bytes to the next. */
void spkl_mve_turn(uint8_t *columns, const uint8_t *rows, uint32_t inputs,
                   uint32_t size);
FUNCTION("spkl_mve_turn", "push {r4-r6, lr}\n\t"
                          "movs r4, #0\n\t"
                          "vidup.u32 q1, r4, #1\n\t"
                          "vmul.i32 q1, q1, r3\n\t"
                          "lsls r6, r3, #2\n\t"
                          "adds r3, r0, r2\n\t"
                          "adds r4, r3, r2\n\t"
                          "adds r5, r4, r2\n\t"
                          "dlstp.32 lr, r2\n"
                          "1:\n\t"
                          "vldrw.u32 q0, [r1, q1]\n\t"
                          "adds r1, r1, r6\n\t"
                          "vstrb.32 q0, [r0], #4\n\t"
                          "vshr.u32 q0, q0, #8\n\t"
                          "vstrb.32 q0, [r3], #4\n\t"
                          "vshr.u32 q0, q0, #8\n\t"
                          "vstrb.32 q0, [r4], #4\n\t"
                          "vshr.u32 q0, q0, #8\n\t"
                          "vstrb.32 q0, [r5], #4\n\t"
                          "letp lr, 1b\n\t"
                          "pop {r4-r6, pc}");

/* The sum of n values, from -128 on. */
uint32_t spkl_mve_add_up(const int8_t *in, uint32_t n, uint32_t sum);
FUNCTION("spkl_mve_add_up", "push {r7, lr}\n\t"
                            "vmov.i8 q1, #0x80\n\t"
                            "dlstp.8 lr, r1\n"
                            "1:\n\t"
                            "vldrb.u8 q0, [r0], #16\n\t"
                            "veor q0, q0, q1\n\t"
                            "vaddva.u8 r2, q0\n\t"
                            "letp lr, 1b\n\t"
                            "mov r0, r2\n\t"
                            "pop {r7, pc}");

/* n bytes. */
void spkl_mve_copy(int8_t *to, const int8_t *from, uint32_t n);
FUNCTION("spkl_mve_copy", "push {r7, lr}\n\t"
                          "dlstp.8 lr, r2\n"
                          "1:\n\t"
                          "vldrb.u8 q0, [r1], #16\n\t"
                          "vstrb.8 q0, [r0], #16\n\t"
                          "letp lr, 1b\n\t"
                          "pop {r7, pc}");

/* Sixteen inputs of each of four columns. */
#define RUN                                                                    \
    "vldrb.u8 q0, [r1], #16\n\t"                                               \
    "veor q0, q0, q7\n\t"                                                      \
    "vldrb.u8 q1, [r3], #16\n\t"                                               \
    "vldrb.u8 q2, [r5], #16\n\t"                                               \
    "vmladava.u8 r0, q0, q1\n\t"                                               \
    "vldrb.u8 q1, [r7], #16\n\t"                                               \
    "vmladava.u8 r2, q0, q2\n\t"                                               \
    "vldrb.u8 q2, [r9], #16\n\t"                                               \
    "vmladava.u8 r4, q0, q1\n\t"                                               \
    "vmladava.u8 r6, q0, q2\n\t"

/* r0, r2, r4, r6 are the sums; shifts are below 0 or multipliers 0, and outputs
 * are not clamped further: requantise_full_s8.S says why this is exact. */
void spkl_mve_dot(const struct job *job);
FUNCTION("spkl_mve_dot",
         "push {r4-r11, lr}\n\t"
         "sub sp, #28\n\t"
         "vpush {d8-d15}\n\t"
         "sub sp, #32\n\t"
         "ldrd r1, r2, [r0, #0]\n\t"   /* pixels, columns */
         "ldrd r3, r4, [r0, #8]\n\t"   /* inputs, in_step */
         "ldrd r5, r6, [r0, #16]\n\t"  /* column_step, channels */
         "ldrd r7, r8, [r0, #24]\n\t"  /* out, out_step */
         "ldrd r9, r10, [r0, #32]\n\t" /* end, out_zero */
         "strd r2, r3, [sp, #0]\n\t"
         "strd r4, r5, [sp, #8]\n\t"
         "strd r7, r8, [sp, #16]\n\t"
         "strd r9, r10, [sp, #24]\n\t"
         "movs r0, #0\n\t"
         "movs r2, #12\n\t"
         "vidup.u32 q0, r0, #1\n\t"
         "vmul.i32 q0, q0, r2\n\t"
         "vadd.i32 q0, q0, r6\n\t"
         "vldrw.u32 q4, [q0, #0]\n\t"
         "vldrw.u32 q5, [q0, #4]\n\t"
         "vldrw.u32 q6, [q0, #8]\n\t"
         "vmov.i8 q7, #0x80\n"
         "1:\n\t"
         "ldmia r1!, {r8, r9, r10, r11}\n\t"
         "ldrd r3, r5, [sp, #0]\n\t"
         "str r1, [sp, #112]\n\t" /* where the pixel goes on */
         "mov r1, r8\n\t"
         "adds r3, r3, r9\n\t"
         "add r7, r3, r5, lsl #1\n\t"
         "add r9, r7, r5\n\t"
         "adds r5, r3, r5\n\t"
         "ldrd r0, r2, [sp, #8]\n\t"
         "add r8, r10, #15\n\t"
         "bic r8, r8, #15\n\t"
         "sub r12, r0, r8\n\t" /* from a row to the next, in the map */
         "subs r8, r2, r8\n\t" /* and in a column */
         "mov r0, #0\n\t"
         "mov r2, #0\n\t"
         "mov r4, #0\n\t"
         "mov r6, #0\n\t"
         "bne 4f\n"
         "2:\n\t"
         "dlstp.8 lr, r10\n"
         "3:\n\t" RUN "letp lr, 3b\n\t"
         "add r1, r1, r12\n\t"
         "subs r11, #1\n\t"
         "bne 2b\n\t"
         "b 6f\n"
         "4:\n\t"
         "dlstp.8 lr, r10\n"
         "5:\n\t" RUN "letp lr, 5b\n\t"
         "add r1, r1, r12\n\t"
         "add r3, r3, r8\n\t"
         "add r5, r5, r8\n\t"
         "add r7, r7, r8\n\t"
         "add r9, r9, r8\n\t"
         "subs r11, #1\n\t"
         "bne 4b\n"
         "6:\n\t"
         "vmov q0[2], q0[0], r0, r4\n\t"
         "ldr r1, [sp, #112]\n\t"
         "vmov q0[3], q0[1], r2, r6\n\t"
         "ldr r3, [r1], #4\n\t"
         "vadd.i32 q0, q0, q4\n\t"
         "ldrd r5, r7, [sp, #16]\n\t"
         "vadd.i32 q0, q0, r3\n\t"
         "ldrd r9, r10, [sp, #24]\n\t"
         "vqrdmulh.s32 q0, q0, q5\n\t"
         "vand q1, q0, q6\n\t"
         "vshr.s32 q1, q1, #31\n\t"
         "vadd.i32 q0, q0, q1\n\t"
         "vrshl.s32 q0, q0, q6\n\t"
         "vqadd.s32 q0, q0, r10\n\t"
         "vqmovnb.s32 q0, q0\n\t"
         "vqmovnb.s16 q0, q0\n\t"
         "vstrb.32 q0, [r5]\n\t"
         "add r5, r5, r7\n\t"
         "str r5, [sp, #16]\n\t"
         "cmp r1, r9\n\t"
         "bne 1b\n\t"
         "add sp, #32\n\t"
         "vpop {d8-d15}\n\t"
         "add sp, #28\n\t"
         "pop {r4-r11, pc}");

struct place {
    int32_t y, x; /* of the next output */
};

/* Taps of an axis of k that lie inside the map, of those that begin at x0. */
static uint32_t inside(int32_t x0, int32_t k, int32_t size, uint32_t *first)
{
    int32_t begin = x0 < 0 ? -x0 : 0;
    int32_t end = x0 + k > size ? size - x0 : k;

    *first = (uint32_t)begin;
    return end > begin ? (uint32_t)(end - begin) : 0;
}

/* The pixel of the next output. */
static void find(struct pixel *pixel, const struct spkl_conv_parameters *p,
                 const int8_t *in, struct place *at)
{
    int32_t y0 = at->y * p->stride_y - p->pad_y;
    int32_t x0 = at->x * p->stride_x - p->pad_x;
    uint32_t channels = (uint32_t)p->in_channels, ky, kx, sum = 0;
    size_t in_step = (size_t)p->in_width * channels;
    const int8_t *row;

    pixel->rows = inside(y0, p->kernel_y, p->in_height, &ky);
    pixel->run = inside(x0, p->kernel_x, p->in_width, &kx) * channels;
    pixel->first = (ky * (uint32_t)p->kernel_x + kx) * channels;
    pixel->in = in + (size_t)(y0 + (int32_t)ky) * in_step +
                (size_t)(x0 + (int32_t)kx) * channels;
    row = pixel->in;
    for (uint32_t k = pixel->rows; k > 0; k--, row += in_step) {
        sum = spkl_mve_add_up(row, pixel->run, sum);
    }
    pixel->offset = (int32_t)(0u - 128 * sum);
    at->x++;
    if (at->x == p->out_width) {
        at->x = 0;
        at->y++;
    }
}

/* All channels of the pixels of a job. */
static void run_pixels(struct job *job, const struct spkl_layer *layer,
                       uint8_t *columns)
{
    uint32_t channels = job->out_step;
    const uint8_t *block = layer->weights;
    int8_t *out = job->out;

    for (uint32_t at = 0; at < channels; at += SPKL_CONV_BLOCK) {
        uint32_t left = channels - at;
        uint32_t n = left < SPKL_CONV_BLOCK ? left : SPKL_CONV_BLOCK;
        uint32_t size = (n + 7) & ~UINT32_C(7);

        for (uint32_t k = 0; k < n; k += 4) {
            spkl_mve_turn(columns, block + k, job->inputs, size);
            job->channels =
                (const struct spkl_channel_record *)layer->table + at + k;
            job->out = out + at + k;
            spkl_mve_dot(job);
        }
        block += (size_t)job->inputs * size;
    }
    job->out = out;
}

/* Whether each output of an axis has a tap inside the map. */
static bool is_axis(int32_t in, int32_t out, int32_t kernel, int32_t stride,
                    int32_t pad)
{
    return pad < kernel && (int64_t)(out - 1) * stride - pad < in;
}

/* Lists are as fast for pixels of many inputs, of which many may be zero. */
static bool suits(const struct spkl_conv_parameters *p,
                  const struct spkl_outputs *how)
{
    const struct spkl_channel_record *channel = how->channels;
    bool plain = how->act_min == -128 && how->act_max == 127 &&
                 p->in_zero == -128 && p->out_channels % 4 == 0;

    if (!is_axis(p->in_height, p->out_height, p->kernel_y, p->stride_y,
                 p->pad_y) ||
        !is_axis(p->in_width, p->out_width, p->kernel_x, p->stride_x,
                 p->pad_x) ||
        (p->kernel_y * (int64_t)p->kernel_x == 1 &&
         (p->in_channels > 64 || p->in_channels < 16))) {
        return false;
    }
    for (int32_t o = 0; o < p->out_channels && plain; o++, channel++) {
        plain = channel->shift < 0 || channel->multiplier == 0;
    }
    return plain;
}

bool spkl_whole_conv_s8(const struct spkl_layer *layer,
                        const struct spkl_outputs *how, size_t room)
{
    const struct spkl_conv_parameters *p = layer->parameters;
    uint32_t channels = (uint32_t)p->out_channels;
    uint64_t all = (uint64_t)p->kernel_y * (uint64_t)p->kernel_x *
                   (uint64_t)p->in_channels;
    uint32_t inputs = (uint32_t)all;
    uint32_t left = (uint32_t)p->out_height * (uint32_t)p->out_width;
    uint32_t some, n;
    uint8_t *columns = layer->scratch;
    int8_t *out = layer->out;
    struct pixel pixels[PIXELS];
    struct place at = {0, 0};
    struct job job = {
        .pixels = pixels,
        .columns = columns,
        .inputs = inputs,
        .in_step = (uint32_t)p->in_width * (uint32_t)p->in_channels,
        .column_step = (uint32_t)p->kernel_x * (uint32_t)p->in_channels,
        .out_step = channels,
        .out_zero = p->out_zero};

    if (all >= 65536 || !suits(p, how) || room < 4 * inputs + 4 * channels) {
        return false;
    }
    some = ((uint32_t)room - 4 * inputs) / channels;
    some = some < PIXELS ? some : PIXELS;
    job.out = (int8_t *)columns + 4 * (size_t)inputs;
    for (; left > 0; left -= n) {
        n = left < some ? left : some;
        job.end = pixels + n;
        for (uint32_t k = 0; k < n; k++) {
            find(&pixels[k], p, layer->in[0], &at);
        }
        run_pixels(&job, layer, columns);
        spkl_mve_copy(out, job.out, n * channels);
        out += (size_t)n * channels;
    }
    return true;
}
