/*
 * The model of a board: where its image lies, and its network
 * (docs/reference/wire.md, 5).
 */
#ifndef SPKL_SLOT_H
#define SPKL_SLOT_H

#include "spkl.h"
#include "spkl_embedded.h"
#include "spkl_graded.h"
#include "spkl_image.h"
#include "spkl_port.h"
#include "spkl_wire.h"

/* A refusal with NO_ROOM says this. */
struct spkl_shortage {
    uint32_t place;
    uint32_t missing;
};

struct spkl_slot {
    struct spkl_port_memory memory;
    union {
        struct {
            struct spkl_model model;
            struct spkl_net net;
        } spiking;
        struct {
            struct spkl_graded_model model;
            struct spkl_graded net;
        } graded;
    } run;
    const struct spkl_header_record *image; /* of the running model */
    enum spkl_network_kind kind;
    uint8_t *spare; /* RAM behind image and arena */
    uint32_t spare_size;
    uint32_t arena_size;
    enum spkl_place place;   /* of the running model, or NONE */
    enum spkl_place loading; /* of the one that is being loaded, or NONE */
    uint32_t length;         /* being loaded: as LOAD_BEGIN said */
    uint32_t crc;
    uint32_t received;
    uint32_t erased;
    struct spkl_shortage shortage;
};

/* Run the embedded model, else the flash slot's, else none. */
void spkl_slot_start(struct spkl_slot *slot);

/*
 * Choose a place for an image and end the old model.
 *
 *   length  bytes of the image
 *   work    bytes of RAM beside it
 *   place   NONE: the board chooses
 *
 * Returns 0, SPKL_ERR_ARGUMENT, or SPKL_STATUS_NO_ROOM with slot->shortage;
 * then the old model goes on.
 */
int spkl_slot_begin(struct spkl_slot *slot, uint32_t length, uint32_t crc,
                    uint32_t work, uint32_t place);

/*
 * The next n bytes of the image.
 *
 *   words  [n / 4]  n is 4 to SPKL_WIRE_PIECE_MAX, a multiple of 4
 *
 * Returns 0, SPKL_STATUS_ORDER, or SPKL_STATUS_FLASH: the load has ended.
 */
int spkl_slot_piece(struct spkl_slot *slot, uint32_t offset,
                    const uint32_t *words, uint32_t n);

/* Start what was loaded. Returns 0, SPKL_STATUS_ORDER (bytes are missing), an
 * engine's code or SPKL_STATUS_NO_ROOM; after these two no model runs. */
int spkl_slot_end(struct spkl_slot *slot);

/* Forget an unfinished load. */
void spkl_slot_abandon(struct spkl_slot *slot);

#endif
