#ifndef SPKL_CHOICES_H
#define SPKL_CHOICES_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the choices of a population (flags) and the parameters that are
 * there (bits by id) have a meaning together: semantics 3.2. */
bool spkl_choices_are_valid(uint32_t flags, uint32_t parameters);

#endif
