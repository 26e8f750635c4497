/*
 * The loader: how an image becomes the tables of a network.
 */
#ifndef SPKL_BUILD_H
#define SPKL_BUILD_H

#include "net.h"

/* One walk over the records of an image: checks them, and makes the tables of
 * a network from them. A dry run only checks; its tables have one entry each,
 * and its state has no memory. */
struct spkl_walk {
    struct spkl_net net;
    uintptr_t state; /* where the next array of the state lies */
    uintptr_t more;  /* where the last of the tables beside the net's lies; they
                      * grow downwards, in a dry run from 0 */
    uint32_t real;   /* mask for the indices of tables; 0: a dry run */
    uint32_t most_sums; /* words of scratch that a population needs for sums */
    uint32_t most_rows; /* events that a dense projection lists in a tick */
    const struct spkl_projection_record *record; /* the next ones */
    const void *records_end;
    struct spkl_projection *projection;
    /* Of the population: the largest sum of |value| of its projections. */
    uint32_t sum;
    /* Of the projection: neurons of its source and events of a tick, what it
     * may add to `sum`. */
    uint32_t rows;
    uint32_t events;
    uint32_t brings;
};

/* build.c: returns 0 or an error of spkl_open. */
int spkl_build(struct spkl_walk *walk);

/* ports.c */
int spkl_build_input(struct spkl_walk *walk,
                     const struct spkl_input_record *record,
                     struct spkl_input *in);

/* parameters.c: find and check all parameters of a population, then
 * spkl_kernels.check_choices. Returns 0, SPKL_ERR_IMAGE_PARAMETER, or what is
 * wrong with the choices. */
int spkl_find_parameters(struct spkl_walk *walk,
                         const struct spkl_population_record *record,
                         struct spkl_population *p);

/* Whether n values lie between values of low and high. */
bool spkl_is_within(const struct spkl_param *param,
                    const struct spkl_param *low, int32_t high, uint32_t n);

/* Bytes of an image's DATA section; NULL where they are not aligned or not
 * inside. */
const void *spkl_data_at(const struct spkl_model *model, uint32_t offset,
                         uint32_t length);

/* start.c: lay out the tables of a network behind its state, which begins at
 * the arena's address. Returns the end of the arena. */
uintptr_t spkl_lay_out(const struct spkl_model *model, uintptr_t arena,
                       struct spkl_net *net);

/* build_any.c: keep a table of `size` bytes. Returns where it is kept; NULL in
 * a dry run. */
void *spkl_keep(struct spkl_walk *walk, const void *table, size_t size);

/* build_any.c: scratch of the population's sums: words behind those of its
 * neurons. Returns where they are. */
int32_t *spkl_sums_behind(struct spkl_walk *walk,
                          const struct spkl_population *p, uint32_t before,
                          uint32_t words);

/* build_any.c: place a ring of `ticks` slots of `bytes` each in the state, and
 * two words behind it. Returns 0, or SPKL_ERR_IMAGE_MODEL: too large. */
int spkl_place_ring(struct spkl_walk *walk, uint32_t ticks, uint32_t bytes);

/* Whether a number is 1 to 32767. */
static inline bool spkl_is_positive(uint16_t number)
{
    return (int16_t)number > 0;
}

/* Bytes of an array in the state: a multiple of 8. */
static inline uint32_t spkl_room(uint32_t bytes)
{
    return (bytes + 7) & ~UINT32_C(7);
}

#endif
