/* What the commands that are not of one kind of network do:
 * docs/reference/wire.md, 4. */
#include "spkl_app.h"

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
             (runs ? spkl_kinds[slot->kind]->n_outputs(slot) << 24 : 0);
    out[1] = runs ? slot->image->crc : 0;
    out[2] = runs ? slot->image->length : 0;
    out[3] = runs ? slot->arena_size : 0;
    out[4] = slot->memory.ram_size;
    out[5] = slot->memory.slot_size;
    out[6] = runs ? (uint32_t)slot->kind : 0;
    out[7] = 0;
    copy((uint8_t *)&out[8], spkl_board_core, 16);
    copy((uint8_t *)&out[12], spkl_board_name, 32);
    *answer = SPKL_WIRE_HELLO;
    return SPKL_OK;
}

static int load_begin(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    int error =
        spkl_slot_begin(&app->slot, spkl_app_u32(app, 0), spkl_app_u32(app, 1),
                        spkl_app_u32(app, 2), spkl_app_u32(app, 3));

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
    return spkl_slot_piece(&app->slot, spkl_app_u32(app, 0), &app->in.words[2],
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
    spkl_kinds[app->slot.kind]->reset(&app->slot);
    return SPKL_OK;
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

/* By command; those of kinds of networks are empty. */
static const struct spkl_action actions[] = {
    [SPKL_COMMAND_HELLO] = {hello, 0, 0, 1, 0, SPKL_NEEDS_NOTHING},
    [SPKL_COMMAND_LOAD_BEGIN] = {load_begin, 16, 16, 1, 0, SPKL_NEEDS_NOTHING},
    [SPKL_COMMAND_LOAD_PIECE] = {load_piece, 8, 4 + SPKL_WIRE_PIECE_MAX, 4, 0,
                                 SPKL_NEEDS_NOTHING},
    [SPKL_COMMAND_LOAD_END] = {load_end, 0, 0, 1, 0, SPKL_NEEDS_NOTHING},
    [SPKL_COMMAND_RESET] = {reset, 0, 0, 1, 0, SPKL_NEEDS_MODEL},
    [SPKL_COMMAND_COUNTERS] = {counters, 0, 0, 1, 0, SPKL_NEEDS_NOTHING},
};

const struct spkl_action *spkl_action_of(unsigned command)
{
    if (command < sizeof actions / sizeof actions[0] &&
        actions[command].run != NULL) {
        return &actions[command];
    }
    for (unsigned i = 0; i < SPKL_N_KINDS; i++) {
        const struct spkl_kind *kind = spkl_kinds[i];

        if (kind != NULL && command >= kind->first &&
            command < (unsigned)kind->first + kind->n_actions) {
            return &kind->actions[command - kind->first];
        }
    }
    return NULL;
}
