/*
 * Numbers of the wire protocol. docs/reference/wire.md says what they mean; a
 * test compares the two and runtime/protocol.py.
 */
#ifndef SPKL_WIRE_H
#define SPKL_WIRE_H

enum {
    SPKL_WIRE_VERSION = 2,
    SPKL_WIRE_FRAME_MAX = 256,
    SPKL_WIRE_PACKET_MAX = 250,
    SPKL_WIRE_HEADER = 4,
    SPKL_WIRE_BODY_MAX = 246,
    SPKL_WIRE_CREDIT = 1,
    SPKL_WIRE_ANSWER = 128,
    SPKL_WIRE_EVENTS_MAX = 30,
    SPKL_WIRE_PIECE_MAX = 240,
    SPKL_WIRE_FRAME_PIECE_MAX = 234,
    SPKL_WIRE_SCORES_MAX = 59,
    SPKL_WIRE_PROBE_MAX = 61,
    SPKL_WIRE_TICKS_MAX = 65535,
    SPKL_WIRE_EARLY = 1,
    SPKL_WIRE_WRITE_MAX = 238,
    SPKL_WIRE_READ_MAX = 240,
    SPKL_WIRE_HELLO = 80
};

enum spkl_command {
    SPKL_COMMAND_HELLO = 1,
    SPKL_COMMAND_LOAD_BEGIN = 2,
    SPKL_COMMAND_LOAD_PIECE = 3,
    SPKL_COMMAND_LOAD_END = 4,
    SPKL_COMMAND_RESET = 5,
    SPKL_COMMAND_PUSH = 6,
    SPKL_COMMAND_FRAME = 7,
    SPKL_COMMAND_ADVANCE = 8,
    SPKL_COMMAND_TAKE = 9,
    SPKL_COMMAND_SCORES = 10,
    SPKL_COMMAND_PROBE = 11,
    SPKL_COMMAND_STATS = 12,
    SPKL_COMMAND_COUNTERS = 13,
    SPKL_COMMAND_WRITE = 14,
    SPKL_COMMAND_RUN = 15,
    SPKL_COMMAND_READ = 16
};

enum spkl_network_kind {
    SPKL_KIND_NONE = 0,
    SPKL_KIND_SPIKING = 1,
    SPKL_KIND_GRADED = 2,
    SPKL_N_KINDS = 3
};

enum spkl_place {
    SPKL_PLACE_NONE = 0,
    SPKL_PLACE_EMBEDDED = 1,
    SPKL_PLACE_RAM = 2,
    SPKL_PLACE_SLOT = 3
};

enum spkl_status {
#define SPKL_STATUS(name, value, sentence) SPKL_STATUS_##name = (value),
#include "spkl_status.def"
#undef SPKL_STATUS
    SPKL_STATUS_OK = 0
};

#endif
