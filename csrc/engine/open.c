/* The header and the sections of an image: docs/reference/image.md, 1, 2, 8. */
#include "open.h"

#include "crc32.h"
#include "spkl_image.h"

enum {
    CRITICAL = 1,
    FIRST_DATA = SPKL_SECTION_DATA, /* sections of bytes, not of records */
    KNOWN = SPKL_SECTION_META,
    LEARNED_AND_MORE = KNOWN + 1
};

/* Records are 2^shift bytes. */
static const struct {
    uint16_t shift;
    uint16_t least;
    uint16_t most;
} rules[FIRST_DATA] = {
    {0, 0, 0},
    {5, 1, 1},
    {6, 1, SPKL_IMAGE_POPULATIONS_MAX},
    {5, 0, SPKL_IMAGE_PROJECTIONS_MAX},
    {5, 1, SPKL_IMAGE_PORTS_MAX},
    {4, 1, SPKL_IMAGE_PORTS_MAX},
};

struct found {
    const uint8_t *at;
    uint32_t count;
};

static bool is_zero(const uint8_t *from, uint32_t n)
{
    while (n > 0) {
        if (from[--n] != 0) {
            return false;
        }
    }
    return true;
}

static uint32_t crc_of(const struct spkl_header_record *header)
{
    static const uint32_t zero = 0;
    uint32_t crc =
        spkl_crc32(0, header, offsetof(struct spkl_header_record, crc));

    crc = spkl_crc32(crc, &zero, sizeof zero);
    return spkl_crc32(crc, header->reserved,
                      header->length -
                          offsetof(struct spkl_header_record, reserved));
}

static int check_header(const struct spkl_header_record *header, size_t length)
{
    if (header == NULL || ((uintptr_t)header & 3u) != 0 ||
        length < sizeof *header) {
        return SPKL_ERR_IMAGE_SIZE;
    }
    if (header->magic != SPKL_IMAGE_MAGIC) {
        return SPKL_ERR_IMAGE_MAGIC;
    }
    if (header->version != SPKL_IMAGE_VERSION) {
        return SPKL_ERR_IMAGE_VERSION;
    }
    if (header->length != length || length % 4 != 0 ||
        length > SPKL_IMAGE_LENGTH_MAX) {
        return SPKL_ERR_IMAGE_SIZE;
    }
    if (header->crc != crc_of(header)) {
        return SPKL_ERR_IMAGE_CRC;
    }
    if (!is_zero((const uint8_t *)header->reserved, sizeof header->reserved) ||
        header->n_sections - 1u >= SPKL_IMAGE_SECTIONS_MAX) {
        return SPKL_ERR_IMAGE_SECTION;
    }
    return SPKL_OK;
}

/* A section whose place is right: whether it is as its id says. */
static int check_section(const struct spkl_section_record *entry)
{
    uint32_t shift = 0;

    if (entry->id > KNOWN) {
        return entry->flags != 0 ? SPKL_ERR_IMAGE_CRITICAL : SPKL_OK;
    }
    if (entry->id < FIRST_DATA) {
        shift = rules[entry->id].shift;
        if (entry->count < rules[entry->id].least ||
            entry->count > rules[entry->id].most) {
            return SPKL_ERR_IMAGE_SECTION;
        }
    }
    return entry->count << shift != entry->length ||
                   (entry->flags == CRITICAL) == (entry->id == KNOWN)
               ? SPKL_ERR_IMAGE_SECTION
               : SPKL_OK;
}

static int find_sections(const struct spkl_header_record *header,
                         struct found found[LEARNED_AND_MORE])
{
    const uint8_t *image = (const uint8_t *)header;
    const struct spkl_section_record *entry =
        (const struct spkl_section_record *)(header + 1);
    uint32_t end =
        (uint32_t)(sizeof *header + header->n_sections * sizeof *entry);
    uint32_t last = 0;

    if (end > header->length) {
        return SPKL_ERR_IMAGE_SECTION;
    }
    for (unsigned i = 0; i < header->n_sections; i++, entry++) {
        int error;

        if (entry->id <= last || entry->flags > CRITICAL ||
            entry->offset % 4 != 0 || entry->offset - end > 3 ||
            entry->length > header->length - entry->offset ||
            !is_zero(image + end, entry->offset - end)) {
            return SPKL_ERR_IMAGE_SECTION;
        }
        error = check_section(entry);
        if (error != SPKL_OK) {
            return error;
        }
        last = entry->id;
        end = entry->offset + entry->length;
        if (last <= KNOWN) {
            found[last].at = image + entry->offset;
            found[last].count = entry->count;
        }
    }
    if (header->length - end > 3 ||
        !is_zero(image + end, header->length - end)) {
        return SPKL_ERR_IMAGE_SECTION;
    }
    for (unsigned id = SPKL_SECTION_MODEL; id < KNOWN; id++) {
        if (found[id].at == NULL) {
            return SPKL_ERR_IMAGE_SECTION;
        }
    }
    return SPKL_OK;
}

static int read_model(const struct spkl_model_record *record,
                      struct spkl_model *model)
{
    if (record->flags > 1 || record->ticks_per_sample > 65535 ||
        !is_zero((const uint8_t *)record->reserved, sizeof record->reserved)) {
        return SPKL_ERR_IMAGE_MODEL;
    }
    model->reset_between = record->flags != 0;
    model->ticks_per_sample = record->ticks_per_sample;
    model->state_size = record->state_size;
    return SPKL_OK;
}

int spkl_open(struct spkl_model *model, const void *image, size_t length)
{
    const struct spkl_header_record *header = image;
    struct found found[LEARNED_AND_MORE] = {{NULL, 0}};
    struct spkl_model read;
    int error = check_header(header, length);

    if (error == SPKL_OK) {
        error = find_sections(header, found);
    }
    if (error == SPKL_OK) {
        error = read_model((const void *)found[SPKL_SECTION_MODEL].at, &read);
    }
    if (error != SPKL_OK) {
        return error;
    }
    read.length = header->length;
    read.crc = header->crc;
    read.populations = (const void *)found[SPKL_SECTION_POPULATIONS].at;
    read.projections = (const void *)found[SPKL_SECTION_PROJECTIONS].at;
    read.inputs = (const void *)found[SPKL_SECTION_INPUTS].at;
    read.outputs = (const void *)found[SPKL_SECTION_OUTPUTS].at;
    read.data = found[SPKL_SECTION_DATA].at;
    read.data_length = found[SPKL_SECTION_DATA].count;
    read.n_populations = (uint16_t)found[SPKL_SECTION_POPULATIONS].count;
    read.n_projections = (uint16_t)found[SPKL_SECTION_PROJECTIONS].count;
    read.n_inputs = (uint16_t)found[SPKL_SECTION_INPUTS].count;
    read.n_outputs = (uint16_t)found[SPKL_SECTION_OUTPUTS].count;
    error = spkl_check_records(&read);
    if (error == SPKL_OK) {
        *model = read;
    }
    return error;
}
