#include "spkl_app.h"

static void send(uint8_t *bytes, size_t n)
{
    spkl_frame_send(bytes, n, spkl_port_write);
}

static void put_header(uint8_t *bytes, const uint8_t *request, int status)
{
    bytes[0] = request[0];
    bytes[1] = (uint8_t)(request[1] | SPKL_WIRE_ANSWER);
    bytes[2] = (uint8_t)(int8_t)status;
    bytes[3] = SPKL_WIRE_CREDIT;
}

/* Refuse a request that is none of this session: the last answer stays. */
static void refuse(struct spkl_app *app, int status)
{
    uint8_t bytes[SPKL_WIRE_HEADER + 4];

    app->refused++;
    put_header(bytes, app->in.bytes, status);
    send(bytes, SPKL_WIRE_HEADER);
}

static int run(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    const uint8_t *head = app->in.bytes;
    const struct spkl_action *action = spkl_action_of(head[1]);

    if (action == NULL || head[2] != 0 || head[3] != 0) {
        return SPKL_STATUS_COMMAND;
    }
    if (n < action->min || n > action->max ||
        ((n - action->min) & (action->unit - 1u)) != 0) {
        return SPKL_STATUS_LENGTH;
    }
    for (unsigned i = 0; i < 8; i++) {
        if ((action->zeros >> i & 1u) != 0 && head[SPKL_WIRE_HEADER + i] != 0) {
            return SPKL_ERR_ARGUMENT;
        }
    }
    if (action->needs != SPKL_NEEDS_NOTHING &&
        app->slot.place == SPKL_PLACE_NONE) {
        return SPKL_STATUS_NO_MODEL;
    }
    if ((action->needs == SPKL_NEEDS_SPIKING &&
         app->slot.kind != SPKL_KIND_SPIKING) ||
        (action->needs == SPKL_NEEDS_GRADED &&
         app->slot.kind != SPKL_KIND_GRADED)) {
        return SPKL_STATUS_KIND;
    }
    return action->run(app, n, answer);
}

static void put_shortage(struct spkl_app *app, uint32_t *answer)
{
    app->out.words[1] = app->slot.shortage.place;
    app->out.words[2] = app->slot.shortage.missing;
    *answer = 8;
}

static void execute(struct spkl_app *app, uint32_t n)
{
    uint32_t answer = 0;
    int status = run(app, n, &answer);

    if (status != SPKL_OK) {
        app->refused++;
        answer = 0;
    }
    if (status == SPKL_STATUS_NO_ROOM) {
        put_shortage(app, &answer);
    }
    put_header(app->out.bytes, app->in.bytes, status);
    app->answered = SPKL_WIRE_HEADER + answer;
    send(app->out.bytes, app->answered);
}

static void packet(struct spkl_app *app, uint32_t length)
{
    uint8_t sequence = app->in.bytes[0];
    uint8_t last = app->out.bytes[0];

    app->frames++;
    if (app->in.bytes[1] == SPKL_COMMAND_HELLO) {
        app->session = true;
    } else if (!app->session) {
        refuse(app, SPKL_STATUS_NO_SESSION);
        return;
    } else if (sequence == last) {
        app->repeated++;
        send(app->out.bytes, app->answered);
        return;
    } else if (sequence != (uint8_t)(last + 1u)) {
        refuse(app, SPKL_STATUS_SEQUENCE);
        return;
    }
    execute(app, length - SPKL_WIRE_HEADER);
}

void spkl_app_start(struct spkl_app *app)
{
    app->received = 0;
    app->answered = 0;
    app->overlong = false;
    app->session = false;
    app->frame_size = 0;
    app->frames = 0;
    app->damaged = 0;
    app->repeated = 0;
    app->refused = 0;
    spkl_slot_start(&app->slot);
}

void spkl_app_receive(struct spkl_app *app, uint8_t byte)
{
    int length;

    if (byte != 0) {
        if (app->received < SPKL_WIRE_FRAME_MAX - 1) {
            app->in.bytes[app->received++] = byte;
        } else {
            app->overlong = true;
        }
        return;
    }
    if (app->received > 0) {
        length = app->overlong
                     ? -1
                     : spkl_frame_decode(app->in.bytes, app->received);
        if (length > 0) {
            packet(app, (uint32_t)length);
        } else {
            app->damaged++;
        }
    }
    app->received = 0;
    app->overlong = false;
}
