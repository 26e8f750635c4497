#include "spkl_code.h"
#include "spkl_kernels.h"

/* No overflow: the sums of |value| of a tick are bounded (semantics 2.3). */
void spkl_add_codes_s32(int32_t *acc, const struct spkl_codes *codes, size_t n,
                        int32_t times)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t code = spkl_code(codes->row, codes->layout, codes->first + i);

        acc[i] += times * spkl_weight(codes->layout, code);
    }
}
