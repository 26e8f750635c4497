/* The sections of a graded image: docs/reference/image.md 2, graded.md 4. */
#include "graded.h"
#include "image_header.h"

enum { GRADED, TENSORS, LAYERS, PORTS, DATA, META, N_KNOWN, N_NEEDED = META };

/* A record has 2^shift bytes, and there are least .. 2^most. */
static const struct {
    uint8_t id;
    uint8_t shift;
    uint8_t least;
    uint8_t most;
} rules[N_KNOWN] = {
    [GRADED] = {SPKL_SECTION_GRADED, 5, 1, 0},
    [TENSORS] = {SPKL_SECTION_TENSORS, 4, 1, 10},
    [LAYERS] = {SPKL_SECTION_LAYERS, 5, 1, 10},
    [PORTS] = {SPKL_SECTION_PORTS, 3, 2, 5},
    [DATA] = {SPKL_SECTION_DATA, 0, 0, 30},
    [META] = {SPKL_SECTION_META, 0, 0, 30},
};

/* Sections by their numbers above; NULL: not there. */
struct sections {
    const struct spkl_section_record *found[N_KNOWN];
};

/* Note a section that is known. Returns whether it is as it must be. */
static int note_section(const struct spkl_section_record *entry,
                        struct sections *sections)
{
    for (unsigned i = 0; i < N_KNOWN; i++) {
        uint32_t count = entry->count;

        if (rules[i].id == entry->id) {
            sections->found[i] = entry;
            return count >= rules[i].least &&
                           count <= UINT32_C(1) << rules[i].most &&
                           count << rules[i].shift == entry->length &&
                           entry->flags ==
                               (i < N_NEEDED ? SPKL_SECTION_CRITICAL : 0)
                       ? SPKL_OK
                       : SPKL_ERR_IMAGE_SECTION;
        }
    }
    return entry->flags == 0 ? SPKL_OK : SPKL_ERR_IMAGE_CRITICAL;
}

static int check_sections(const struct spkl_header_record *header,
                          struct sections *sections)
{
    const uint8_t *image = (const uint8_t *)header;
    const struct spkl_section_record *entry =
        (const struct spkl_section_record *)(header + 1);
    uint32_t n = header->n_sections;
    uint32_t length = header->length;
    uint32_t end = (uint32_t)(sizeof *header + n * sizeof *entry);
    uint32_t last = 0;

    if ((header->reserved[0] | header->reserved[1] | header->reserved[2] |
         header->reserved[3]) != 0 ||
        n > SPKL_IMAGE_SECTIONS_MAX || end > length) {
        return SPKL_ERR_IMAGE_SECTION;
    }
    for (unsigned i = 0; i < N_KNOWN; i++) {
        sections->found[i] = NULL;
    }
    for (; n > 0; n--, entry++) {
        int error;

        if (entry->id <= last || entry->flags > SPKL_SECTION_CRITICAL ||
            !spkl_is_followed(image, end, entry->offset) ||
            entry->length > length - entry->offset) {
            return SPKL_ERR_IMAGE_SECTION;
        }
        error = note_section(entry, sections);
        if (error != SPKL_OK) {
            return error;
        }
        last = entry->id;
        end = entry->offset + entry->length;
    }
    for (unsigned i = 0; i < N_NEEDED; i++) {
        if (sections->found[i] == NULL) {
            return SPKL_ERR_IMAGE_SECTION;
        }
    }
    return spkl_is_followed(image, end, length) ? SPKL_OK
                                                : SPKL_ERR_IMAGE_SECTION;
}

static int describe(const uint8_t *image, const struct sections *sections,
                    struct spkl_graded_model *model)
{
    const struct spkl_section_record *const *found = sections->found;
    const struct spkl_graded_record *record =
        (const void *)(image + found[GRADED]->offset);
    uint32_t variables = record->variables_size;
    uint32_t reserved = 0;

    model->image = image;
    model->tensors = image + found[TENSORS]->offset;
    model->n_tensors = found[TENSORS]->count;
    model->layers = image + found[LAYERS]->offset;
    model->n_layers = found[LAYERS]->count;
    model->ports = image + found[PORTS]->offset;
    model->data = image + found[DATA]->offset;
    model->data_length = found[DATA]->length;
    model->memory_size = record->memory_size;
    model->variables_size = variables;
    model->initial = record->initial;
    for (unsigned i = 0; i < sizeof record->reserved / 4; i++) {
        reserved |= record->reserved[i];
    }
    return reserved == 0 && (record->memory_size | variables) % 8 == 0 &&
                   record->memory_size <= SPKL_GRADED_MEMORY_MAX &&
                   variables <= record->memory_size &&
                   (variables == 0
                        ? record->initial == SPKL_IMAGE_ABSENT
                        : spkl_is_in_data(model, record->initial, variables))
               ? SPKL_OK
               : SPKL_ERR_IMAGE_MODEL;
}

int spkl_graded_open(struct spkl_graded_model *model, const void *image,
                     size_t length)
{
    struct spkl_graded_model read;
    struct sections sections;
    int error = spkl_check_header(image, length);

    if (error == SPKL_OK) {
        error = check_sections(image, &sections);
    }
    if (error == SPKL_OK) {
        error = describe(image, &sections, &read);
    }
    if (error == SPKL_OK) {
        error = spkl_check_records(&read, sections.found[PORTS]->count);
    }
    if (error == SPKL_OK) {
        *model = read;
    }
    return error;
}
