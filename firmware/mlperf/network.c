/* The embedded network, as a benchmark uses it. */
#include "spkl_compiler.h"
#include "spkl_embedded.h"
#include "spkl_mlperf.h"

typedef uint32_t SPKL_RECORD word;

/* Of four bytes: p - 128 is p with its highest bit turned. */
#define PIXELS_MASK UINT32_C(0x80808080)

static bool takes_floats(void)
{
    return spkl_mlperf_task.input == SPKL_MLPERF_FLOATS;
}

uint32_t spkl_mlperf_input_size(const struct spkl_mlperf *m)
{
    return takes_floats() ? 4 * m->input.size : m->input.size;
}

/* Where quantised floats wait for inferences: behind the floats. */
static int8_t *quantised(const struct spkl_mlperf *m)
{
    return (int8_t *)m->data + spkl_mlperf_input_size(m);
}

/* Give the network its arena, and the data what is left. */
static int start(struct spkl_mlperf *m)
{
    uint32_t size = (uint32_t)spkl_graded_arena_size(&m->model);
    uint32_t room = m->memory.ram_size;
    uint32_t needed;

    if (size > room || room - size < 8 ||
        spkl_graded_start(&m->net, &m->model, m->memory.ram, size) != SPKL_OK) {
        return SPKL_ERR_ARENA;
    }
    size = (size + 7u) & ~UINT32_C(7);
    room -= size;
    if (spkl_graded_input(&m->net, 0, &m->input) != SPKL_OK ||
        spkl_graded_output(&m->net, 0, &m->output) != SPKL_OK ||
        m->input.type != 1 || m->output.type != 1 ||
        spkl_mlperf_input_size(m) > SPKL_MLPERF_DATA_MAX ||
        (spkl_mlperf_task.distance && m->output.size != m->input.size)) {
        return SPKL_ERR_UNSUPPORTED;
    }
    needed = spkl_mlperf_input_size(m) + (takes_floats() ? m->input.size : 0);
    if (needed > room) {
        return SPKL_ERR_ARENA;
    }
    m->data = m->memory.ram + size;
    m->capacity = room < SPKL_MLPERF_DATA_MAX ? room : SPKL_MLPERF_DATA_MAX;
    return SPKL_OK;
}

void spkl_mlperf_open(struct spkl_mlperf *m)
{
    spkl_port_memory(&m->memory);
    m->capacity = 0;
    m->error =
        spkl_graded_open(&m->model, spkl_embedded_image, spkl_embedded_length);
    if (m->error == SPKL_OK) {
        m->error = start(m);
    }
}

bool spkl_mlperf_input_is_good(const struct spkl_mlperf *m)
{
    if (takes_floats()) {
        for (uint32_t i = 0; i < m->input.size; i++) {
            if (spkl_mlperf_is_nan(spkl_mlperf_word(m->data, i))) {
                return false;
            }
        }
    }
    return true;
}

void spkl_mlperf_prepare(struct spkl_mlperf *m)
{
    const struct spkl_mlperf_task *task = &spkl_mlperf_task;

    if (takes_floats()) {
        for (uint32_t i = 0; i < m->input.size; i++) {
            quantised(m)[i] = spkl_mlperf_quantise(
                spkl_mlperf_word(m->data, i), &task->in_scale, task->in_zero);
        }
    }
}

static void write_by_table(const struct spkl_mlperf *m)
{
    int8_t *to = m->input.at;

    for (uint32_t i = 0; i < m->input.size; i++) {
        to[i] = spkl_mlperf_task.table[m->data[i]];
    }
}

/* Four bytes at a time, with some bits turned. */
static void write_words(const struct spkl_mlperf *m, const void *from,
                        word mask)
{
    const word *words = from;
    word *to = m->input.at;
    uint32_t n = m->input.size / 4;

    for (uint32_t i = 0; i < n; i++) {
        to[i] = words[i] ^ mask;
    }
    for (uint32_t i = 4 * n; i < m->input.size; i++) {
        ((uint8_t *)to)[i] = ((const uint8_t *)from)[i] ^ (uint8_t)mask;
    }
}

/* A network may overwrite its input, so it is written each time. */
static void write_input(const struct spkl_mlperf *m)
{
    switch (spkl_mlperf_task.input) {
    case SPKL_MLPERF_TABLE:
        write_by_table(m);
        break;
    case SPKL_MLPERF_FLOATS:
        write_words(m, quantised(m), 0);
        break;
    default:
        write_words(m, m->data,
                    spkl_mlperf_task.input == SPKL_MLPERF_PIXELS ? PIXELS_MASK
                                                                 : 0);
    }
}

void spkl_mlperf_infer(struct spkl_mlperf *m)
{
    write_input(m);
    spkl_graded_infer(&m->net);
}

static void say_result(int32_t q)
{
    const struct spkl_mlperf_task *task = &spkl_mlperf_task;
    int32_t steps = q - task->out_zero;
    uint64_t size = (uint64_t)(steps < 0 ? -steps : steps);

    spkl_say_decimal(steps < 0, size * task->out_scale.mantissa,
                     task->out_scale.shift, task->digits);
}

void spkl_mlperf_results(const struct spkl_mlperf *m)
{
    const struct spkl_mlperf_task *task = &spkl_mlperf_task;
    const int8_t *q = m->output.at;

    spkl_say("m-results-[");
    if (task->distance) {
        spkl_say_decimal(false,
                         spkl_mlperf_distance(q, m->data, m->output.size,
                                              &task->out_scale, task->out_zero),
                         SPKL_MLPERF_DISTANCE_SHIFT, task->digits);
    } else {
        for (uint32_t i = 0; i < m->output.size; i++) {
            spkl_say(i > 0 ? "," : "");
            say_result(q[i]);
        }
    }
    spkl_say("]\r\n");
}
