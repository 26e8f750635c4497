/* What each command does: docs/reference/wire.md, 4. */
#include "net.h"
#include "spkl_app.h"

/* Ticks go on for this part of a second before ADVANCE answers. */
#define SLICE 10u

/* Most ticks between two looks at the clock. */
#define STRIDE_MAX 64u

static const uint8_t *body(const struct spkl_app *app)
{
    return app->in.bytes + SPKL_WIRE_HEADER;
}

static uint32_t u16_at(const struct spkl_app *app, unsigned offset)
{
    return body(app)[offset] | (uint32_t)body(app)[offset + 1] << 8;
}

/* Word i of a request's body: the machine is little-endian, as the wire. */
static uint32_t u32_at(const struct spkl_app *app, unsigned i)
{
    return app->in.words[1 + i];
}

static void copy(uint8_t *to, const char *from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        to[i] = (uint8_t)from[i];
    }
}

static int hello(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    const struct spkl_slot *slot = &app->slot;
    uint32_t *out = &app->out.words[1];
    bool runs;

    (void)n;
    if (slot->loading != SPKL_PLACE_NONE) {
        spkl_slot_abandon(&app->slot);
    }
    app->frame_size = 0;
    runs = slot->place != SPKL_PLACE_NONE;
    out[0] = SPKL_WIRE_VERSION | (uint32_t)slot->place << 16 |
             (runs ? spkl_count(&slot->model, SPKL_SECTION_OUTPUTS) << 24 : 0);
    out[1] = runs ? slot->model.image->header.crc : 0;
    out[2] = runs ? slot->model.image->header.length : 0;
    out[3] = runs ? slot->arena_size : 0;
    out[4] = slot->memory.ram_size;
    out[5] = slot->memory.slot_size;
    out[6] = 0;
    out[7] = 0;
    copy((uint8_t *)&out[8], spkl_board_core, 16);
    copy((uint8_t *)&out[12], spkl_board_name, 32);
    *answer = SPKL_WIRE_HELLO;
    return SPKL_OK;
}

static int load_begin(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    int error = spkl_slot_begin(&app->slot, u32_at(app, 0), u32_at(app, 1),
                                u32_at(app, 2), u32_at(app, 3));

    (void)n;
    if (error == SPKL_OK) {
        app->frame_size = 0;
        app->out.words[1] = (uint32_t)app->slot.loading;
        *answer = 4;
    }
    return error;
}

static int load_piece(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    (void)answer;
    return spkl_slot_piece(&app->slot, u32_at(app, 0), &app->in.words[2],
                           n - 4);
}

static int load_end(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    int error = spkl_slot_end(&app->slot);

    (void)n;
    app->out.words[1] = app->slot.arena_size;
    *answer = 4;
    return error;
}

static int reset(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    (void)n;
    (void)answer;
    app->frame_size = 0;
    spkl_reset(&app->slot.net);
    return SPKL_OK;
}

static int push(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    (void)answer;
    return spkl_push(&app->slot.net, body(app)[0], app->in.events.list,
                     (n - 4) / sizeof(struct spkl_event));
}

static int frame(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    struct spkl_slot *slot = &app->slot;
    unsigned port = body(app)[0];
    uint32_t size = u32_at(app, 1);
    uint32_t offset = u32_at(app, 2);

    (void)answer;
    n -= 12;
    if (size > slot->spare_size) {
        slot->shortage.place = SPKL_PLACE_RAM;
        slot->shortage.missing = size - slot->spare_size;
        return SPKL_STATUS_NO_ROOM;
    }
    if (offset == 0) {
        app->frame_port = port;
        app->frame_size = size;
        app->frame_at = 0;
    }
    if (size == 0 || size != app->frame_size || port != app->frame_port ||
        offset != app->frame_at || n > size - offset) {
        return SPKL_STATUS_ORDER;
    }
    for (uint32_t i = 0; i < n; i++) {
        slot->spare[offset + i] = body(app)[12 + i];
    }
    app->frame_at += n;
    if (app->frame_at < size) {
        return SPKL_OK;
    }
    app->frame_size = 0;
    return spkl_push_frame(&slot->net, port, slot->spare, size);
}

/* Ever longer runs of ticks, so that the clock is rarely looked at and a
 * network at rest still skips many ticks at once. No division: small cores
 * would call the compiler's library. */
static uint32_t advance_for_a_while(struct spkl_net *net, uint32_t ticks)
{
    uint32_t hz = spkl_port_time_hz();
    uint32_t start = spkl_port_time();
    uint32_t done = 0;
    uint32_t stride = 1;

    while (done < ticks) {
        uint32_t n = ticks - done < stride ? ticks - done : stride;
        uint32_t now = spkl_advance(net, n);
        uint32_t elapsed = (spkl_port_time() - start) & 0xFFFFFFu;

        done += now;
        if (now < n || elapsed * SLICE >= hz) {
            break;
        }
        if (stride < STRIDE_MAX && elapsed * (4u * SLICE) < hz) {
            stride *= 2;
        }
    }
    return done;
}

static int advance(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    struct spkl_net *net = &app->slot.net;
    uint32_t ticks = u32_at(app, 0);
    struct spkl_output output;
    unsigned port = 0;

    (void)n;
    if (ticks > SPKL_WIRE_TICKS_MAX) {
        return SPKL_ERR_ARGUMENT;
    }
    app->out.words[1] = advance_for_a_while(net, ticks);
    app->out.words[2] = spkl_tick_number(net);
    while (spkl_output(net, port, &output) == SPKL_OK) {
        size_t waiting = output.n_events < 65535 ? output.n_events : 65535;
        uint8_t *to = &app->out.bytes[12 + 2 * port];

        to[0] = (uint8_t)waiting;
        to[1] = (uint8_t)(waiting >> 8);
        port++;
    }
    *answer = 8 + 2 * port;
    return SPKL_OK;
}

static int take(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    struct spkl_net *net = &app->slot.net;
    unsigned port = body(app)[0];
    struct spkl_output output;
    int error = spkl_output(net, port, &output);
    size_t taken;

    (void)n;
    if (error != SPKL_OK) {
        return error;
    }
    taken = output.n_events < SPKL_WIRE_EVENTS_MAX ? output.n_events
                                                   : SPKL_WIRE_EVENTS_MAX;
    for (size_t i = 0; i < taken; i++) {
        app->out.events.list[i] = output.events[i];
    }
    app->out.words[1] = (uint32_t)(output.n_events - taken);
    *answer = (uint32_t)(4 + taken * sizeof(struct spkl_event));
    return spkl_output_take(net, port, taken);
}

static int scores(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    unsigned port = body(app)[0];
    uint32_t first = u16_at(app, 2);
    struct spkl_output output;
    int error = spkl_output(&app->slot.net, port, &output);
    uint32_t size;
    uint32_t i = 0;

    (void)n;
    if (error != SPKL_OK) {
        return error;
    }
    size = output.scores == NULL ? 0 : (uint32_t)output.size;
    app->out.words[1] = output.ticks;
    app->out.words[2] = (output.prediction & 0xFFFFu) | size << 16;
    while (i < SPKL_WIRE_SCORES_MAX && first + i < size) {
        app->out.words[3 + i] = (uint32_t)output.scores[first + i];
        i++;
    }
    *answer = 8 + 4 * i;
    return SPKL_OK;
}

static int probe(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    uint32_t count = u16_at(app, 6);

    (void)n;
    if (count == 0 || count > SPKL_WIRE_PROBE_MAX ||
        u16_at(app, 2) > SPKL_VAR_QUIET) {
        return SPKL_ERR_ARGUMENT;
    }
    *answer = 4 * count;
    return spkl_probe(&app->slot.net, u16_at(app, 0),
                      (enum spkl_variable)u16_at(app, 2),
                      (int32_t *)&app->out.words[1], u16_at(app, 4), count);
}

static void put_u64(uint32_t *words, uint64_t value)
{
    words[0] = (uint32_t)value;
    words[1] = (uint32_t)(value >> 32);
}

static int stats(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    struct spkl_stats s;
    int error = spkl_population_stats(&app->slot.net, u16_at(app, 0), &s);

    (void)n;
    if (error == SPKL_OK) {
        put_u64(&app->out.words[1], s.events);
        put_u64(&app->out.words[3], s.synops);
        put_u64(&app->out.words[5], s.quiet_ticks);
        *answer = 24;
    }
    return error;
}

static int counters(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    (void)n;
    app->out.words[1] = app->frames;
    app->out.words[2] = app->damaged;
    app->out.words[3] = app->repeated;
    app->out.words[4] = app->refused;
    *answer = 16;
    return SPKL_OK;
}

static const struct spkl_action actions[] = {
    [SPKL_COMMAND_HELLO] = {hello, 0, 0, 1, 0, false},
    [SPKL_COMMAND_LOAD_BEGIN] = {load_begin, 16, 16, 1, 0, false},
    [SPKL_COMMAND_LOAD_PIECE] = {load_piece, 8, 4 + SPKL_WIRE_PIECE_MAX, 4, 0,
                                 false},
    [SPKL_COMMAND_LOAD_END] = {load_end, 0, 0, 1, 0, false},
    [SPKL_COMMAND_RESET] = {reset, 0, 0, 1, 0, true},
    [SPKL_COMMAND_PUSH] = {push, 4, 4 + 8 * SPKL_WIRE_EVENTS_MAX, 8, 0x0E,
                           true},
    [SPKL_COMMAND_FRAME] = {frame, 13, SPKL_WIRE_BODY_MAX, 1, 0x0E, true},
    [SPKL_COMMAND_ADVANCE] = {advance, 4, 4, 1, 0, true},
    [SPKL_COMMAND_TAKE] = {take, 4, 4, 1, 0x0E, true},
    [SPKL_COMMAND_SCORES] = {scores, 4, 4, 1, 0x02, true},
    [SPKL_COMMAND_PROBE] = {probe, 8, 8, 1, 0, true},
    [SPKL_COMMAND_STATS] = {stats, 4, 4, 1, 0x0C, true},
    [SPKL_COMMAND_COUNTERS] = {counters, 0, 0, 1, 0, false},
};

const struct spkl_action *spkl_action_of(unsigned command)
{
    if (command >= sizeof actions / sizeof actions[0] ||
        actions[command].run == NULL) {
        return NULL;
    }
    return &actions[command];
}
