#include "spkl_slot.h"

#include <stdbool.h>

#include "spkl_graded_image.h"
#include "spkl_kind.h"

/* What image.md 1 allows; keeps the sums below far from overflow. */
#define LENGTH_MAX (UINT32_C(1) << 30)

static uint32_t round_up_8(uint32_t n)
{
    return (n + 7u) & ~UINT32_C(7);
}

static int shortage(struct spkl_slot *slot, enum spkl_place place,
                    uint32_t needed, uint32_t there)
{
    slot->shortage.place = (uint32_t)place;
    slot->shortage.missing = needed - there;
    return SPKL_STATUS_NO_ROOM;
}

/* What kind of network an image says it holds: one with a section GRADED is a
 * graded one. Whether it is right is for the engine to check. */
static enum spkl_network_kind kind_of(const uint8_t *image, uint32_t length)
{
    const uint8_t *entry = image + sizeof(struct spkl_header_record);
    uint32_t n = 0;

    if (length >= sizeof(struct spkl_header_record)) {
        n = image[6] | (uint32_t)image[7] << 8;
        length -= (uint32_t)sizeof(struct spkl_header_record);
    }
    for (; n > 0 && length >= sizeof(struct spkl_section_record); n--) {
        if (entry[0] == SPKL_SECTION_GRADED && entry[1] == 0) {
            return SPKL_KIND_GRADED;
        }
        entry += sizeof(struct spkl_section_record);
        length -= (uint32_t)sizeof(struct spkl_section_record);
    }
    return SPKL_KIND_SPIKING;
}

/* Open an image at its place and start it in the RAM behind it. */
static int run(struct spkl_slot *slot, enum spkl_place place, const void *image,
               uint32_t length)
{
    uint32_t used = place == SPKL_PLACE_RAM ? round_up_8(length) : 0;
    uint32_t room = slot->memory.ram_size - used;
    uint8_t *ram = slot->memory.ram + used;
    const struct spkl_kind *kind;
    size_t size;
    int error;

    slot->kind = kind_of(image, length);
    kind = spkl_kinds[slot->kind];
    if (kind == NULL) {
        return SPKL_ERR_UNSUPPORTED;
    }
    error = kind->open(slot, image, length);
    if (error != SPKL_OK) {
        return error;
    }
    size = kind->arena_size(slot);
    if (size > room) {
        return shortage(slot, SPKL_PLACE_RAM, (uint32_t)size, room);
    }
    error = kind->start(slot, ram, size);
    if (error != SPKL_OK) {
        return error;
    }
    slot->image = image;
    slot->arena_size = (uint32_t)size;
    slot->spare = ram + size;
    slot->spare_size = room - (uint32_t)size;
    slot->place = place;
    return SPKL_OK;
}

/* The length in an image's header; 0: none that fits the slot. */
static uint32_t stored_length(const struct spkl_port_memory *memory)
{
    uint32_t length = 0;

    if (memory->slot_size < 32) {
        return 0;
    }
    for (unsigned i = 0; i < 4; i++) {
        length |= (uint32_t)memory->slot[8 + i] << (8 * i);
    }
    return length <= memory->slot_size ? length : 0;
}

void spkl_slot_start(struct spkl_slot *slot)
{
    uint32_t length;

    spkl_port_memory(&slot->memory);
    slot->place = SPKL_PLACE_NONE;
    slot->loading = SPKL_PLACE_NONE;
    if (spkl_embedded_length > 0) {
        (void)run(slot, SPKL_PLACE_EMBEDDED, spkl_embedded_image,
                  spkl_embedded_length);
        return;
    }
    length = stored_length(&slot->memory);
    if (length > 0) {
        (void)run(slot, SPKL_PLACE_SLOT, slot->memory.slot, length);
    }
}

int spkl_slot_begin(struct spkl_slot *slot, uint32_t length, uint32_t crc,
                    uint32_t work, uint32_t place)
{
    const struct spkl_port_memory *memory = &slot->memory;
    bool any = place == SPKL_PLACE_NONE;
    enum spkl_place chosen;

    if (length == 0 || length % 4 != 0 || length > LENGTH_MAX ||
        work > LENGTH_MAX || place == SPKL_PLACE_EMBEDDED ||
        place > SPKL_PLACE_SLOT) {
        return SPKL_ERR_ARGUMENT;
    }
    if (place != SPKL_PLACE_SLOT &&
        round_up_8(length) + work <= memory->ram_size) {
        chosen = SPKL_PLACE_RAM;
    } else if (place == SPKL_PLACE_RAM || (any && memory->slot_size == 0)) {
        return shortage(slot, SPKL_PLACE_RAM, round_up_8(length) + work,
                        memory->ram_size);
    } else if (work > memory->ram_size) {
        return shortage(slot, SPKL_PLACE_RAM, work, memory->ram_size);
    } else if (length > memory->slot_size) {
        return shortage(slot, SPKL_PLACE_SLOT, length, memory->slot_size);
    } else {
        chosen = SPKL_PLACE_SLOT;
    }
    slot->place = SPKL_PLACE_NONE;
    slot->loading = chosen;
    slot->length = length;
    slot->crc = crc;
    slot->received = 0;
    slot->erased = 0;
    return SPKL_OK;
}

static int write_slot(struct spkl_slot *slot, const uint32_t *words, uint32_t n)
{
    while (slot->erased < slot->received + n) {
        if (spkl_port_slot_erase(slot->erased) != 0) {
            return SPKL_STATUS_FLASH;
        }
        slot->erased += slot->memory.slot_page;
    }
    if (spkl_port_slot_write(slot->received, words, n / 4) != 0) {
        return SPKL_STATUS_FLASH;
    }
    return SPKL_OK;
}

int spkl_slot_piece(struct spkl_slot *slot, uint32_t offset,
                    const uint32_t *words, uint32_t n)
{
    if (slot->loading == SPKL_PLACE_NONE || offset != slot->received ||
        n > slot->length - slot->received) {
        return SPKL_STATUS_ORDER;
    }
    if (slot->loading == SPKL_PLACE_SLOT) {
        int error = write_slot(slot, words, n);

        if (error != SPKL_OK) {
            spkl_slot_abandon(slot);
            return error;
        }
    } else {
        const uint8_t *bytes = (const uint8_t *)words;

        for (uint32_t i = 0; i < n; i++) {
            slot->memory.ram[slot->received + i] = bytes[i];
        }
    }
    slot->received += n;
    return SPKL_OK;
}

int spkl_slot_end(struct spkl_slot *slot)
{
    enum spkl_place place = slot->loading;
    const uint8_t *image =
        place == SPKL_PLACE_RAM ? slot->memory.ram : slot->memory.slot;
    int error;

    if (place == SPKL_PLACE_NONE || slot->received != slot->length) {
        return SPKL_STATUS_ORDER;
    }
    slot->loading = SPKL_PLACE_NONE;
    error = run(slot, place, image, slot->length);
    if (error == SPKL_OK && slot->image->crc != slot->crc) {
        slot->place = SPKL_PLACE_NONE;
        error = SPKL_ERR_IMAGE_CRC;
    }
    return error;
}

void spkl_slot_abandon(struct spkl_slot *slot)
{
    slot->loading = SPKL_PLACE_NONE;
}
