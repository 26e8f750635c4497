/* What the commands of spiking networks do: docs/reference/wire.md, 4. */
#include "net.h"
#include "spkl_app.h"

/* Most ticks between two looks at the clock. */
#define STRIDE_MAX 64u

static int push(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    (void)answer;
    return spkl_push(&app->slot.run.spiking.net, spkl_app_body(app)[0],
                     app->in.events.list, (n - 4) / sizeof(struct spkl_event));
}

static int frame(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    struct spkl_slot *slot = &app->slot;
    unsigned port = spkl_app_body(app)[0];
    uint32_t size = spkl_app_u32(app, 1);
    uint32_t offset = spkl_app_u32(app, 2);

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
        slot->spare[offset + i] = spkl_app_body(app)[12 + i];
    }
    app->frame_at += n;
    if (app->frame_at < size) {
        return SPKL_OK;
    }
    app->frame_size = 0;
    return spkl_push_frame(&slot->run.spiking.net, port, slot->spare, size);
}

/* Ever longer runs of ticks, so that the clock is rarely looked at and a
 * network at rest still skips many ticks at once. No division: small cores
 * would call the compiler's library. */
static uint32_t advance_for_a_while(struct spkl_net *net, uint32_t ticks,
                                    bool early)
{
    uint32_t hz = spkl_port_time_hz();
    uint32_t start = spkl_port_time();
    uint32_t done = 0;
    uint32_t stride = 1;

    while (done < ticks) {
        uint32_t n = ticks - done < stride ? ticks - done : stride;
        uint32_t tick = spkl_tick_number(net);
        uint32_t now =
            early ? spkl_advance_early(net, n) : spkl_advance(net, n);
        uint32_t elapsed = (spkl_port_time() - start) & 0xFFFFFFu;

        done += now;
        if (now < n || spkl_tick_number(net) != tick + n ||
            elapsed * SPKL_APP_SLICE >= hz) {
            break;
        }
        if (stride < STRIDE_MAX && elapsed * (4u * SPKL_APP_SLICE) < hz) {
            stride *= 2;
        }
    }
    return done;
}

static int advance(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    struct spkl_net *net = &app->slot.run.spiking.net;
    uint32_t ticks = spkl_app_u32(app, 0);
    struct spkl_output output;
    unsigned port = 0;

    if (ticks > SPKL_WIRE_TICKS_MAX ||
        (n > 4 && spkl_app_u32(app, 1) != SPKL_WIRE_EARLY)) {
        return SPKL_ERR_ARGUMENT;
    }
    app->out.words[1] = advance_for_a_while(net, ticks, n > 4);
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
    struct spkl_net *net = &app->slot.run.spiking.net;
    unsigned port = spkl_app_body(app)[0];
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
    unsigned port = spkl_app_body(app)[0];
    uint32_t first = spkl_app_u16(app, 2);
    struct spkl_output output;
    int error = spkl_output(&app->slot.run.spiking.net, port, &output);
    uint32_t size;
    uint32_t i = 0;

    (void)n;
    if (error != SPKL_OK) {
        return error;
    }
    size = output.scores == NULL ? 0 : (uint32_t)output.size;
    app->out.words[1] = spkl_sample_ticks(&app->slot.run.spiking.net);
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
    uint32_t count = spkl_app_u16(app, 6);

    (void)n;
    if (count == 0 || count > SPKL_WIRE_PROBE_MAX ||
        spkl_app_u16(app, 2) > SPKL_VAR_QUIET) {
        return SPKL_ERR_ARGUMENT;
    }
    *answer = 4 * count;
    return spkl_probe(&app->slot.run.spiking.net, spkl_app_u16(app, 0),
                      (enum spkl_variable)spkl_app_u16(app, 2),
                      (int32_t *)&app->out.words[1], spkl_app_u16(app, 4),
                      count);
}

static void put_u64(uint32_t *words, uint64_t value)
{
    words[0] = (uint32_t)value;
    words[1] = (uint32_t)(value >> 32);
}

static int stats(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    struct spkl_stats s;
    int error = spkl_population_stats(&app->slot.run.spiking.net,
                                      spkl_app_u16(app, 0), &s);

    (void)n;
    if (error == SPKL_OK) {
        put_u64(&app->out.words[1], s.events);
        put_u64(&app->out.words[3], s.synops);
        put_u64(&app->out.words[5], s.quiet_ticks);
        *answer = 24;
    }
    return error;
}

static const struct spkl_action actions[] = {
    {push, 4, 4 + 8 * SPKL_WIRE_EVENTS_MAX, 8, 0x0E, SPKL_NEEDS_SPIKING},
    {frame, 13, SPKL_WIRE_BODY_MAX, 1, 0x0E, SPKL_NEEDS_SPIKING},
    {advance, 4, 8, 4, 0, SPKL_NEEDS_SPIKING},
    {take, 4, 4, 1, 0x0E, SPKL_NEEDS_SPIKING},
    {scores, 4, 4, 1, 0x02, SPKL_NEEDS_SPIKING},
    {probe, 8, 8, 1, 0, SPKL_NEEDS_SPIKING},
    {stats, 4, 4, 1, 0x0C, SPKL_NEEDS_SPIKING},
};

static int open_image(struct spkl_slot *slot, const void *image,
                      uint32_t length)
{
    return spkl_open(&slot->run.spiking.model, image, length);
}

static size_t arena_size(const struct spkl_slot *slot)
{
    return spkl_arena_size(&slot->run.spiking.model);
}

static int start(struct spkl_slot *slot, void *arena, size_t size)
{
    return spkl_start(&slot->run.spiking.net, &slot->run.spiking.model, arena,
                      size);
}

static void reset(struct spkl_slot *slot)
{
    spkl_reset(&slot->run.spiking.net);
}

static uint32_t n_outputs(const struct spkl_slot *slot)
{
    return spkl_count(&slot->run.spiking.model, SPKL_SECTION_OUTPUTS);
}

const struct spkl_kind spkl_kind_spiking = {
    open_image,
    arena_size,
    start,
    reset,
    n_outputs,
    actions,
    SPKL_COMMAND_PUSH,
    sizeof actions / sizeof actions[0],
};
