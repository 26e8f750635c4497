/*
 * libFuzzer target of the loader and the engine. An input is an image and a
 * script of calls for its network:
 *
 *     u8 mode, u24 length of the image, the image, the script
 *
 * Raw bytes rarely have a right CRC, so most modes give the image its length,
 * its state_size and its CRC here. Image and arena have exactly the bytes that
 * they need. Two nets get the same calls, one of them single ticks only: their
 * states stay equal.
 *
 * Most bytes of an image are weights, of which little depends. So every second
 * mutation is one of a field of a record, or of a map and where rows begin, and
 * others are of the script alone.
 *
 * Link with -Wl,--wrap=spkl_build.
 */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "spkl.h"
#include "spkl_image.h"

enum {
    HEAD = 4,
    RAW = 0,       /* of the modes 0 to 3 */
    NEAR_WRAP = 4, /* begin shortly before the tick number wraps */
    ARENA_MOST = 1 << 20,
    WORK = 1 << 20, /* bytes that the ticks of an input may touch */
    EVENTS_MOST = 15,
    PROBED_MOST = 64
};

struct script {
    const uint8_t *at;
    const uint8_t *end;
    uint32_t ticks; /* that are left */
};

struct nets {
    struct spkl_net whole;
    struct spkl_net single;
    const struct spkl_model *model;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                               unsigned seed);
/* As on cores whose kernels have the instructions for sums of 16 bits. */
extern const uint32_t __wrap_spkl_pixels_pay;
const uint32_t __wrap_spkl_pixels_pay = 1;

int __real_spkl_build(struct spkl_walk *walk);
int __wrap_spkl_build(struct spkl_walk *walk);

/* What the image's state_size must be; 0: its records are not that good. */
static uint32_t state_size;

int __wrap_spkl_build(struct spkl_walk *walk)
{
    int error = __real_spkl_build(walk);

    if (error == SPKL_OK && walk->real == 0) {
        state_size = (uint32_t)walk->state;
    }
    return error;
}

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

static uint32_t next_word(struct script *script)
{
    uint32_t low = next(script);

    return low | next(script) << 8;
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

/* The model record is behind the first entry of the section table. */
static void repair_state_size(uint32_t *image, size_t length)
{
    struct spkl_section_record *entry = (void *)(image + 8);
    struct spkl_model_record *record = (void *)(image + entry->offset / 4);

    record->state_size = state_size;
    repair(image, length);
}

static int open_repaired(struct spkl_model *model, uint32_t *image,
                         size_t length)
{
    int error;

    repair(image, length);
    state_size = 0;
    error = spkl_open(model, image, length);
    if (error == SPKL_ERR_IMAGE_MODEL && state_size != 0) {
        repair_state_size(image, length);
        error = spkl_open(model, image, length);
        require(error == SPKL_OK);
    }
    return error;
}

/* How many ticks the work of one allows. */
static uint32_t ticks_for(const struct spkl_model *model)
{
    uint64_t work = spkl_arena_size(model);
    const struct spkl_projection_record *projections =
        spkl_records(model, SPKL_SECTION_PROJECTIONS);

    for (unsigned i = 0; i < spkl_count(model, SPKL_SECTION_PROJECTIONS); i++) {
        work += projections[i].weights_length;
    }
    return (uint32_t)(WORK / work);
}

/* An input port, or one that is not there, with the record of the first. */
static const struct spkl_input_record *
pick_input(const struct nets *nets, struct script *script, unsigned *port)
{
    unsigned n_ports = spkl_count(nets->model, SPKL_SECTION_INPUTS);
    const struct spkl_input_record *records =
        spkl_records(nets->model, SPKL_SECTION_INPUTS);

    *port = next(script) % (n_ports + 1u);
    return records + (*port < n_ports ? *port : 0);
}

static void push(struct nets *nets, struct script *script)
{
    unsigned port;
    const struct spkl_input_record *record = pick_input(nets, script, &port);
    size_t n = next(script) & EVENTS_MOST;
    struct spkl_event *events = room(n * sizeof *events);
    uint32_t tick = spkl_tick_number(&nets->whole);

    for (size_t i = 0; i < n; i++) {
        uint32_t step = next(script);
        uint32_t value = next(script);

        tick += step == 255 ? UINT32_MAX : step >> 6;
        events[i].tick = tick;
        events[i].neuron = (uint16_t)(next_word(script) % (record->size + 1u));
        events[i].value = (int16_t)(1 + value * 257 % record->max_value);
        if ((step & 3) == 3) {
            events[i].value = (int16_t)-events[i].value;
        }
        if ((step & 63) == 63) {
            events[i].value = (int16_t)(value * 257);
        }
    }
    require(spkl_push(&nets->whole, port, events, n) ==
            spkl_push(&nets->single, port, events, n));
    free(events);
}

static void push_frame(struct nets *nets, struct script *script)
{
    unsigned port;
    const struct spkl_input_record *record = pick_input(nets, script, &port);
    size_t n = record->size + (next(script) == 255);
    uint8_t *frame = room(n);

    for (size_t i = 0; i < n && script->at != script->end; i++) {
        frame[i] = (uint8_t)next(script);
    }
    require(spkl_push_frame(&nets->whole, port, frame, n) ==
            spkl_push_frame(&nets->single, port, frame, n));
    free(frame);
}

static void advance(struct nets *nets, struct script *script)
{
    uint32_t n = next(script);
    uint32_t done;

    n = n < 192 ? n % 8 : n; /* most often few, so that all kinds of calls have
                                a turn */
    n = n < script->ticks ? n : script->ticks;
    done = spkl_advance(&nets->whole, n);
    require(done <= n);
    script->ticks -= done;
    for (uint32_t i = 0; i < done; i++) {
        require(spkl_tick(&nets->single) == SPKL_OK);
    }
    require(done == n || spkl_tick(&nets->single) == SPKL_MORE);
}

/* Up to the tick that decides the sample, which then ends: in one call, and
 * tick by tick. */
static void advance_early(struct nets *nets, struct script *script)
{
    uint32_t n = next(script) % 16;
    uint32_t done;

    n = n < script->ticks ? n : script->ticks;
    done = spkl_advance_early(&nets->whole, n);
    require(done <= n);
    script->ticks -= done;
    for (uint32_t i = 0; i < done; i++) {
        require(spkl_tick(&nets->single) == SPKL_OK);
        require(i + 1 == done || spkl_decided(&nets->single) == 0);
    }
    if (done > 0 && spkl_decided(&nets->single) != 0) {
        spkl_end_sample(&nets->single);
    }
    require(spkl_sample_ticks(&nets->whole) ==
            spkl_sample_ticks(&nets->single));
}

static void push_spikes(struct nets *nets, struct script *script)
{
    unsigned port;
    const struct spkl_input_record *record = pick_input(nets, script, &port);
    size_t n = next(script) & EVENTS_MOST;
    uint16_t *neurons = room(n * sizeof *neurons);

    for (size_t i = 0; i < n; i++) {
        neurons[i] = (uint16_t)(next_word(script) % (record->size + 1u));
    }
    require(spkl_push_spikes(&nets->whole, port, neurons, n) ==
            spkl_push_spikes(&nets->single, port, neurons, n));
    free(neurons);
}

static void probe(struct nets *nets, struct script *script)
{
    unsigned population =
        next(script) % (spkl_count(nets->model, SPKL_SECTION_POPULATIONS) + 1u);
    unsigned variable = next(script) % (SPKL_VAR_QUIET + 2u);
    size_t first = next_word(script);
    size_t n = next(script) % (PROBED_MOST + 1);
    int32_t *values = room(n * sizeof *values);
    struct spkl_stats stats;

    if (spkl_probe(&nets->whole, population, (enum spkl_variable)variable,
                   values, first, n) == SPKL_OK) {
        for (size_t i = 0; i < n; i++) {
            require(values[i] >= -SPKL_V_MAX && values[i] <= SPKL_V_MAX);
        }
    }
    (void)spkl_population_stats(&nets->whole, population, &stats);
    free(values);
}

static void look(const struct nets *nets, struct script *script)
{
    unsigned n_ports = spkl_count(nets->model, SPKL_SECTION_OUTPUTS);
    unsigned port = next(script) % (n_ports + 1u);
    const struct spkl_output_record *records =
        spkl_records(nets->model, SPKL_SECTION_OUTPUTS);
    struct spkl_output output;

    if (spkl_output(&nets->whole, port, &output) != SPKL_OK) {
        require(port == n_ports);
        return;
    }
    require(output.prediction < output.size);
    require(output.n_events <= records[port].capacity);
    for (size_t i = 0; i < output.n_events; i++) {
        require(output.events[i].neuron < output.size);
        require(output.events[i].value != 0);
    }
}

static void take(struct nets *nets, struct script *script)
{
    unsigned port =
        next(script) % (spkl_count(nets->model, SPKL_SECTION_OUTPUTS) + 1u);
    struct spkl_output output;
    size_t n = next(script);

    if (n < 128 && spkl_output(&nets->whole, port, &output) == SPKL_OK) {
        n = output.n_events;
    }
    require(spkl_output_take(&nets->whole, port, n) ==
            spkl_output_take(&nets->single, port, n));
}

static void perform(struct nets *nets, struct script *script)
{
    switch (next(script) % 16) {
    case 0:
    case 1:
    case 2:
        push(nets, script);
        break;
    case 3:
        push_frame(nets, script);
        break;
    case 4:
        probe(nets, script);
        break;
    case 5:
        look(nets, script);
        break;
    case 6:
    case 7:
        take(nets, script);
        break;
    case 8:
        spkl_reset(&nets->whole);
        spkl_reset(&nets->single);
        break;
    case 9:
    case 10:
        push_spikes(nets, script);
        break;
    case 11:
        advance_early(nets, script);
        break;
    case 12:
        if ((next(script) & 3) == 0) {
            spkl_end_sample(&nets->whole);
            spkl_end_sample(&nets->single);
        }
        break;
    default:
        advance(nets, script);
        break;
    }
    require(memcmp(nets->whole.clock, nets->single.clock,
                   nets->model->state_size) == 0);
}

static void start(struct spkl_net *net, const struct spkl_model *model,
                  uint8_t *arena, size_t size, uint32_t mode)
{
    require(spkl_start(net, model, arena, size - 1) == SPKL_ERR_ARENA);
    require(spkl_start(net, model, arena, size) == SPKL_OK);
    if ((mode & NEAR_WRAP) != 0) {
        net->clock->tick = UINT32_MAX - 2;
        net->clock->sample_tick =
            model->ticks_per_sample != 0 ? 0 : UINT32_MAX - 2;
    }
}

static void run(const struct spkl_model *model, struct script *script,
                uint32_t mode)
{
    size_t size = spkl_arena_size(model);
    struct nets nets;
    uint8_t *arenas[2];

    if (size > ARENA_MOST) {
        return;
    }
    arenas[0] = room(size);
    arenas[1] = room(size);
    nets.model = model;
    start(&nets.whole, model, arenas[0], size, mode);
    start(&nets.single, model, arenas[1], size, mode);
    script->ticks = ticks_for(model);
    while (script->at != script->end) {
        perform(&nets, script);
    }
    free(arenas[0]);
    free(arenas[1]);
}

static size_t image_length(const uint8_t *data, size_t size)
{
    size_t length = data[1] | (size_t)data[2] << 8 | (size_t)data[3] << 16;

    return length < size - HEAD ? length : size - HEAD;
}

/* Bytes before the weights and parameters. */
static size_t records_length(const uint8_t *image, size_t length)
{
    struct spkl_section_record entry;
    size_t at = sizeof(struct spkl_header_record) +
                (SPKL_SECTION_DATA - 1) * sizeof entry;

    if (length < at + sizeof entry) {
        return length;
    }
    memcpy(&entry, image + at, sizeof entry);
    return entry.offset < length ? entry.offset : length;
}

/* Set a field of 1, 2 or 4 bytes to something near, to a limit, or to what
 * stands elsewhere. */
static void mutate_field(uint8_t *records, size_t n, unsigned seed)
{
    size_t bytes = (size_t)1 << seed % 3;
    size_t at = (seed >> 2) * 2654435761u % n / bytes * bytes;
    uint32_t value = 0;

    if (at + bytes > n) {
        return;
    }
    memcpy(&value, records + at, bytes);
    switch (seed >> 12 & 7) {
    case 0:
        value = 0;
        break;
    case 1:
        value = UINT32_MAX;
        break;
    case 2:
        value ^= UINT32_C(1) << (seed >> 16 & 31);
        break;
    case 3:
        memcpy(&value, records + (seed >> 16) % (n / bytes) * bytes, bytes);
        break;
    case 4:
        value += seed >> 16 & 3;
        break;
    case 5:
        value -= seed >> 16 & 3;
        break;
    default:
        value += (seed >> 16 & 4095) * 4;
        break;
    }
    memcpy(records + at, &value, bytes);
}

/* Bytes that a projection points to and that are more than weights: its map,
 * its delays, or the head of its weights, which of sparse rows is a table.
 * NULL: it has none. */
static uint8_t *pointed_bytes(uint8_t *image, size_t length, unsigned seed,
                              size_t *n)
{
    enum { ENTRIES = 32, RECORD = sizeof(struct spkl_projection_record) };
    struct spkl_section_record projections;
    struct spkl_section_record data;
    struct spkl_projection_record record;
    size_t at;

    if (length < ENTRIES + SPKL_SECTION_DATA * sizeof data) {
        return NULL;
    }
    memcpy(&projections, image + ENTRIES + 2 * sizeof data, sizeof data);
    memcpy(&data, image + ENTRIES + 5 * sizeof data, sizeof data);
    if (projections.count == 0 || projections.offset > length ||
        projections.count > (length - projections.offset) / RECORD ||
        data.offset > length || data.length > length - data.offset) {
        return NULL;
    }
    at = projections.offset + (seed >> 2) % projections.count * RECORD;
    memcpy(&record, image + at, RECORD);
    *n = sizeof(struct spkl_map_record);
    at = record.map;
    if ((record.flags & SPKL_IMAGE_HAS_MAP) == 0 || seed % 4 == 0) {
        at = seed % 8 == 0 ? record.delays : record.weights;
    }
    return at < data.length && *n <= data.length - at ? image + data.offset + at
                                                      : NULL;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                               unsigned seed)
{
    size_t pointed = 0;
    uint8_t *bytes;
    size_t length = size > HEAD ? image_length(data, size) : 0;
    size_t records = records_length(data + HEAD, length);
    size_t script = HEAD + length;

    if (records > 0 && (seed & 5) == 5) {
        bytes = pointed_bytes(data + HEAD, length, seed >> 3, &pointed);
        if (bytes != NULL) {
            mutate_field(bytes, pointed, seed * 2654435761u >> 1);
            return size;
        }
    }
    if (records > 0 && (seed & 1) != 0) {
        mutate_field(data + HEAD, records, seed >> 1);
        return size;
    }
    if (records > 0 && (seed & 2) != 0) {
        return script +
               LLVMFuzzerMutate(data + script, size - script, most - script);
    }
    return LLVMFuzzerMutate(data, size, most);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spkl_model model;
    struct script script;
    uint32_t *image;
    uint32_t mode;
    size_t length;
    int error;

    if (size < HEAD) {
        return 0;
    }
    mode = data[0];
    length = image_length(data, size);
    image = room(length);
    memcpy(image, data + HEAD, length);
    script.at = data + HEAD + length;
    script.end = data + size;
    error = (mode & 3) == RAW ? spkl_open(&model, image, length)
                              : open_repaired(&model, image, length);
    if (error == SPKL_OK) {
        run(&model, &script, mode);
        require(spkl_open(&model, image, length) == SPKL_OK);
    }
    require(spkl_error_text(error)[0] != 0);
    free(image);
    return 0;
}
