/*
 * A kind of networks, as the application on a board sees it. A firmware has
 * the kinds that spkl_kinds names; `spikelet build` leaves out those that an
 * embedded model is none of, and so their engine.
 */
#ifndef SPKL_KIND_H
#define SPKL_KIND_H

#include <stddef.h>
#include <stdint.h>

#include "spkl_wire.h"

struct spkl_action;
struct spkl_slot;

struct spkl_kind {
    /* Check an image for slot->run. Returns 0 or an engine's code. */
    int (*open)(struct spkl_slot *slot, const void *image, uint32_t length);
    /* Bytes of the arena of what was opened. */
    size_t (*arena_size)(const struct spkl_slot *slot);
    /* Take an arena into use. Returns 0 or an engine's code. */
    int (*start)(struct spkl_slot *slot, void *arena, size_t size);
    void (*reset)(struct spkl_slot *slot);
    uint32_t (*n_outputs)(const struct spkl_slot *slot);
    const struct spkl_action *actions; /* of the commands from `first` on */
    uint8_t first;
    uint8_t n_actions;
};

/* By enum spkl_network_kind; NULL: not linked. */
extern const struct spkl_kind *const spkl_kinds[SPKL_N_KINDS];

extern const struct spkl_kind spkl_kind_spiking;
extern const struct spkl_kind spkl_kind_graded;

#endif
