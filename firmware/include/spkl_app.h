/*
 * The application on a board: takes requests, runs the network, answers.
 * docs/reference/wire.md.
 */
#ifndef SPKL_APP_H
#define SPKL_APP_H

#include <stdbool.h>

#include "spkl_frame.h"
#include "spkl_kind.h"
#include "spkl_slot.h"

/* Said by HELLO; written by `spikelet build`. */
extern const char spkl_board_name[32];
extern const char spkl_board_core[16];

struct spkl_app {
    struct spkl_slot slot;
    union spkl_packet in;
    union spkl_packet out; /* the last answer, kept to be sent again */
    size_t received;       /* bytes of the frame that is coming */
    size_t answered;       /* bytes of the last answer */
    bool overlong;         /* the frame that is coming is too long */
    bool session;          /* HELLO was said */
    uint32_t frame_size;   /* of the input frame that is being gathered */
    uint32_t frame_at;     /* bytes of it that have come */
    unsigned frame_port;
    uint32_t frames; /* counters: wire.md 4, COUNTERS */
    uint32_t damaged;
    uint32_t repeated;
    uint32_t refused;
};

void spkl_app_start(struct spkl_app *app);

/* Take one byte from the console; answers when it ends a request. */
void spkl_app_receive(struct spkl_app *app, uint8_t byte);

/* ADVANCE and RUN go on for this part of a second before they answer. */
#define SPKL_APP_SLICE 10u

/* The body of the request that is being answered. The machine is
 * little-endian, as the wire. */
static inline const uint8_t *spkl_app_body(const struct spkl_app *app)
{
    return app->in.bytes + SPKL_WIRE_HEADER;
}

static inline uint32_t spkl_app_u16(const struct spkl_app *app, unsigned offset)
{
    const uint8_t *at = spkl_app_body(app) + offset;

    return at[0] | (uint32_t)at[1] << 8;
}

/* Word i. */
static inline uint32_t spkl_app_u32(const struct spkl_app *app, unsigned i)
{
    return app->in.words[1 + i];
}

enum spkl_needs {
    SPKL_NEEDS_NOTHING,
    SPKL_NEEDS_MODEL,
    SPKL_NEEDS_SPIKING,
    SPKL_NEEDS_GRADED
};

/* What a command does with a request's body, and how long that may be. */
struct spkl_action {
    /* Writes an answer's body and its length; returns a status. */
    int (*run)(struct spkl_app *app, uint32_t n, uint32_t *answer);
    uint8_t min; /* bytes of the body */
    uint8_t max;
    uint8_t unit;  /* body - min is a multiple; a power of 2 */
    uint8_t zeros; /* bit i: byte i of the body must be 0 */
    uint8_t needs; /* enum spkl_needs */
};

/* The action of a command, or NULL. */
const struct spkl_action *spkl_action_of(unsigned command);

#endif
