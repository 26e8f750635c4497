/*
 * libFuzzer target of graded networks: the loader and all kinds of layers. An
 * input is an image and a script:
 *
 *     u8 mode, u24 length of the image, the image, the script
 *
 * Raw bytes rarely have a right CRC, so most modes give the image its length
 * and its CRC here. Image and arena have exactly the bytes that they need. The
 * script's bytes are what the input ports get, and where inferences are cut:
 * two nets get the same inputs, one of them runs each inference at once. Their
 * variables stay equal.
 *
 * Most bytes of an image are weights, of which little depends. So every second
 * mutation is one of a field of a record, or of a parameter of a layer.
 */
#include <stdlib.h>
#include <string.h>

#include "graded.h"
#include "spkl_kernels.h"

enum {
    HEAD = 4,
    RAW = 0, /* of the modes 0 to 3 */
    ARENA_MOST = 1 << 18,
    WORK = 1 << 22, /* about how many steps the layers of an input may take */
    RUNS_MOST = 3
};

struct script {
    const uint8_t *at;
    const uint8_t *end;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                               unsigned seed);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Exactly n bytes that nobody set, so that a step beside them is found. */
static void *room(size_t n)
{
    uint8_t *at = malloc(n > 0 ? n : 1);

    require(at != NULL);
    memset(at, 0xA5, n > 0 ? n : 1);
    return at;
}

static uint32_t next(struct script *script)
{
    return script->at != script->end ? *script->at++ : 0u;
}

static void repair(uint32_t *image, size_t length)
{
    struct spkl_header_record *header = (void *)image;

    if (length < sizeof *header) {
        return;
    }
    header->magic = SPKL_IMAGE_MAGIC;
    header->version = SPKL_IMAGE_VERSION;
    header->length = (uint32_t)length;
    header->crc = spkl_image_crc((const uint8_t *)image, header->length);
}

/* About how many steps a layer takes: each element of the output, for each tap
 * and input of a convolution. */
static uint64_t work_of(const struct spkl_graded_model *model,
                        const struct spkl_layer_record *record)
{
    const int32_t *p = (const void *)(model->data + record->parameters);
    uint64_t work = spkl_tensor_of(model, record->output)->size;

    switch (record->kind) {
    case SPKL_LAYER_CONV_S8:
    case SPKL_LAYER_CONV_S16:
        return work * (uint64_t)p[6] * (uint64_t)p[7] *
               (uint64_t)(p[2] / p[14] + 1);
    case SPKL_LAYER_DEPTHWISE_S8:
    case SPKL_LAYER_DEPTHWISE_S16:
        return work * (uint64_t)p[6] * (uint64_t)p[7];
    case SPKL_LAYER_DOT_S8:
    case SPKL_LAYER_DENSE_S8:
    case SPKL_LAYER_DENSE_S16:
        return work * (uint64_t)p[1];
    case SPKL_LAYER_AVERAGE_POOL:
    case SPKL_LAYER_MAX_POOL:
        return work * (uint64_t)p[5] * (uint64_t)p[6];
    case SPKL_LAYER_MEAN:
        return work * (uint64_t)p[6] * (uint64_t)p[7] * (uint64_t)p[8];
    default:
        return work;
    }
}

/* How many layers the script may run. */
static uint32_t layers_for(const struct spkl_graded_model *model)
{
    uint64_t work = 0;
    uint32_t n = 0;

    while (n < model->n_layers && work < WORK) {
        work += work_of(model, spkl_layer_of(model, n));
        n++;
    }
    return work < WORK ? n : 0;
}

static void write_inputs(const struct spkl_graded *net, struct script script)
{
    struct spkl_tensor tensor;

    for (unsigned port = 0; spkl_graded_input(net, port, &tensor) == SPKL_OK;
         port++) {
        uint8_t *to = tensor.at;

        for (uint32_t i = 0; i < tensor.size * tensor.type; i++) {
            to[i] = (uint8_t)next(&script);
        }
    }
}

/* Outputs lie inside the arena, and are what the model says. */
static void look(const struct spkl_graded *net)
{
    const struct spkl_graded_model *model = net->model;
    struct spkl_tensor tensor;

    for (unsigned port = 0; port < model->n_outputs; port++) {
        const uint8_t *at;

        require(spkl_graded_output(net, port, &tensor) == SPKL_OK);
        at = tensor.at;
        require(at >= net->memory);
        require((size_t)(at - net->memory) + tensor.size * tensor.type <=
                model->memory_size);
    }
    require(spkl_graded_output(net, model->n_outputs, &tensor) ==
            SPKL_ERR_ARGUMENT);
}

static void run(const struct spkl_graded_model *model, struct script script)
{
    size_t size = spkl_graded_arena_size(model);
    uint8_t *arenas[2] = {room(size), room(size)};
    struct spkl_graded whole, cut;
    unsigned runs = 1 + next(&script) % RUNS_MOST;

    require(spkl_graded_start(&whole, model, arenas[0], size) == SPKL_OK);
    require(spkl_graded_start(&cut, model, arenas[1], size) == SPKL_OK);
    for (; runs > 0; runs--) {
        write_inputs(&whole, script);
        write_inputs(&cut, script);
        spkl_graded_infer(&whole);
        while (spkl_graded_run(&cut, 1 + next(&script) % 4) == SPKL_MORE) {
            require(cut.next < model->n_layers);
        }
        look(&whole);
        require(memcmp(arenas[0], arenas[1], model->memory_size) == 0);
        if (next(&script) % 4 == 0) {
            spkl_graded_reset(&whole);
            spkl_graded_reset(&cut);
        }
    }
    require(spkl_graded_start(&cut, model, arenas[1], size - 1) ==
            SPKL_ERR_ARENA);
    free(arenas[0]);
    free(arenas[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spkl_graded_model model;
    struct script script;
    uint32_t *image;
    size_t length;

    if (size < HEAD) {
        return 0;
    }
    length = data[1] | (size_t)data[2] << 8 | (size_t)data[3] << 16;
    if (length > size - HEAD) {
        length = size - HEAD;
    }
    image = room(length);
    memcpy(image, data + HEAD, length);
    script.at = data + HEAD + length;
    script.end = data + size;
    if (data[0] % 4 != RAW) {
        repair(image, length);
    }
    if (spkl_graded_open(&model, image, length) == SPKL_OK &&
        spkl_graded_arena_size(&model) <= ARENA_MOST &&
        layers_for(&model) == model.n_layers) {
        run(&model, script);
    }
    free(image);
    return 0;
}

static uint32_t random_of(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* A number that is near a limit, or near what was there. */
static uint32_t changed(uint32_t was, uint32_t *seed)
{
    static const uint32_t limits[] = {
        0,          1,       2,          4,          8,
        31,         32,      64,         127,        128,
        255,        256,     32767,      32768,      65535,
        65536,      1 << 20, 1u << 28,   0x7FFFFFFF, 0x80000000,
        0xFFFFFF80, 0xFFFF,  0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFC};
    uint32_t choice = random_of(seed);

    switch (choice % 4) {
    case 0:
        return limits[choice / 4 % (sizeof limits / sizeof *limits)];
    case 1:
        return was + 1;
    case 2:
        return was - 1;
    default:
        return was ^ 1u << choice / 4 % 32;
    }
}

/* Change a word of a section's records; of those of layers that have
 * parameters, often a parameter. */
static void mutate_word(uint8_t *image, size_t length, uint32_t *seed)
{
    struct spkl_header_record header;
    struct spkl_section_record entry;
    struct spkl_section_record data = {0, 0, 0, 0, 0};
    size_t at = 0;
    uint32_t word;

    if (length < sizeof header) {
        return;
    }
    memcpy(&header, image, sizeof header);
    for (unsigned i = 0; i < header.n_sections && i < 16; i++) {
        at = sizeof header + i * sizeof entry;
        if (at + sizeof entry > length) {
            return;
        }
        memcpy(&entry, image + at, sizeof entry);
        if (entry.id == SPKL_SECTION_DATA) {
            data = entry;
        }
        if (entry.id > SPKL_SECTION_META && entry.length >= 4 &&
            random_of(seed) % 3 == 0) {
            break;
        }
    }
    if (entry.offset >= length || entry.length > length - entry.offset ||
        entry.length < 4) {
        return;
    }
    at = entry.offset + random_of(seed) % (entry.length / 4) * 4;
    if (entry.id == SPKL_SECTION_LAYERS && random_of(seed) % 4 != 0) {
        struct spkl_layer_record layer;
        uint32_t n = entry.length / (uint32_t)sizeof layer;

        if (n == 0) {
            return;
        }
        memcpy(&layer,
               image + entry.offset + random_of(seed) % n * sizeof layer,
               sizeof layer);
        at = (size_t)data.offset + layer.parameters + random_of(seed) % 27 * 4;
    }
    if (at + 4 > length) {
        return;
    }
    memcpy(&word, image + at, 4);
    word = changed(word, seed);
    memcpy(image + at, &word, 4);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                               unsigned seed)
{
    uint32_t state = seed;
    size_t length;

    if (size <= HEAD || random_of(&state) % 2 == 0) {
        return LLVMFuzzerMutate(data, size, most);
    }
    length = data[1] | (size_t)data[2] << 8 | (size_t)data[3] << 16;
    if (length > size - HEAD) {
        length = size - HEAD;
    }
    for (unsigned n = 1 + random_of(&state) % 3; n > 0; n--) {
        mutate_word(data + HEAD, length, &state);
    }
    return size;
}
