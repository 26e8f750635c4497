#ifndef SPKL_OPEN_H
#define SPKL_OPEN_H

#include "spkl.h"

/* records.c: check all records of a model whose sections were found. Returns 0
 * or SPKL_ERR_IMAGE_*, SPKL_ERR_UNSUPPORTED. */
int spkl_check_records(const struct spkl_model *model);

#endif
