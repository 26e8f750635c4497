/* The header and the sections of an image: docs/reference/image.md, 1, 2, 8. */
#include "build.h"
#include "image_header.h"

enum {
    N_NEEDED = SPKL_SECTION_DATA, /* they come first, by their order of ids */
    N_KNOWN = SPKL_SECTION_META
};

/* By id - 1: a record has 2^shift bytes, and there are least .. 2^most. */
static const struct {
    uint8_t shift;
    uint8_t least;
    uint8_t most;
} rules[N_KNOWN] = {
    {5, 1, 0}, {6, 1, 8},  {5, 0, 10}, {5, 1, 4},
    {4, 1, 4}, {0, 0, 30}, {0, 0, 30},
};

/* A section of a known id. */
static bool is_right(const struct spkl_section_record *entry)
{
    uint32_t count = entry->count;
    unsigned i = entry->id - 1u;

    return count >= rules[i].least && count <= UINT32_C(1) << rules[i].most &&
           count << rules[i].shift == entry->length &&
           entry->flags == (i < N_NEEDED ? SPKL_SECTION_CRITICAL : 0);
}

static int check_sections(const struct spkl_header_record *header)
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
        n - N_NEEDED > SPKL_IMAGE_SECTIONS_MAX - N_NEEDED || end > length) {
        return SPKL_ERR_IMAGE_SECTION;
    }
    for (uint32_t i = 1; i <= n; i++, entry++) {
        if (entry->id <= last || (i <= N_NEEDED && entry->id != i) ||
            entry->flags > SPKL_SECTION_CRITICAL ||
            !spkl_is_followed(image, end, entry->offset) ||
            entry->length > length - entry->offset ||
            (entry->id <= N_KNOWN && !is_right(entry))) {
            return SPKL_ERR_IMAGE_SECTION;
        }
        if (entry->id > N_KNOWN && entry->flags != 0) {
            return SPKL_ERR_IMAGE_CRITICAL;
        }
        last = entry->id;
        end = entry->offset + entry->length;
    }
    return spkl_is_followed(image, end, length) ? SPKL_OK
                                                : SPKL_ERR_IMAGE_SECTION;
}

static int describe(const struct spkl_image *image, struct spkl_model *model)
{
    const struct spkl_model_record *record;

    model->image = image;
    record = spkl_records(model, SPKL_SECTION_MODEL);
    model->reset_between = record->flags;
    model->state_size = record->state_size;
    model->ticks_per_sample = record->ticks_per_sample;
    return (record->flags >> 1 | record->ticks_per_sample >> 16 |
            record->reserved[0] | record->reserved[1] | record->reserved[2] |
            record->reserved[3]) != 0
               ? SPKL_ERR_IMAGE_MODEL
               : SPKL_OK;
}

/* Walk over the records without an arena; what that would need is noted. */
static int check_records(struct spkl_model *model)
{
    struct {
        struct spkl_population population;
        struct spkl_projection projection;
        struct spkl_input input;
        struct spkl_sink output;
    } spare;
    struct spkl_walk walk = {.net = {.model = model,
                                     .populations = &spare.population,
                                     .projections = &spare.projection,
                                     .inputs = &spare.input,
                                     .outputs = &spare.output},
                             .state = sizeof(struct spkl_clock)};
    int error = spkl_build(&walk);

    if (error == SPKL_OK && walk.state != model->state_size) {
        error = SPKL_ERR_IMAGE_MODEL;
    }
    model->n_in = (walk.most_sums + 15) & ~UINT32_C(15);
    model->n_rows =
        SPKL_ROWS_SPARE +
        (walk.most_rows < SPKL_ROWS_MAX ? walk.most_rows : SPKL_ROWS_MAX);
    /* The tables beside the net's lie at the end. */
    model->n_rows += (0u - (uint32_t)walk.more) / sizeof *walk.net.rows;
    model->arena_size = spkl_lay_out(model, 0, &walk.net);
    return error;
}

int spkl_open(struct spkl_model *model, const void *image, size_t length)
{
    struct spkl_model read;
    int error = spkl_check_header(image, length);

    if (error == SPKL_OK) {
        error = check_sections(image);
    }
    if (error == SPKL_OK) {
        error = describe(image, &read);
    }
    if (error == SPKL_OK) {
        error = check_records(&read);
    }
    if (error == SPKL_OK) {
        *model = read;
    }
    return error;
}
