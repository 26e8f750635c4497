#include "spkl_kernels.h"
#include "spkl_pixel.h"

void spkl_widen_pixels_s16_s32(int32_t *in, size_t n)
{
    const uint8_t *sums = (const uint8_t *)in;

    while (n > 0) {
        int32_t four[4];

        n -= 4;
        for (size_t i = 0; i < 4; i++) {
            const uint8_t *sum = sums + 2 * (n + spkl_pixel_place(i));

            four[i] = (int16_t)(sum[0] | sum[1] << 8);
        }
        for (size_t i = 0; i < 4; i++) {
            in[n + i] = four[i];
        }
    }
}
