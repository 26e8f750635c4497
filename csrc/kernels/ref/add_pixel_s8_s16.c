/* Sums of 16 bits do not pay where a word is no two of them. */
#include "spkl_kernels.h"
#include "spkl_pixel.h"

const uint32_t spkl_pixels_pay = 0;

const uint16_t *spkl_add_pixel_s8_s16(const struct spkl_pixel *pixel)
{
    const uint16_t *next = pixel->next;

    for (; next != pixel->end && *next - pixel->first < pixel->channels;
         next++) {
        const int8_t *row = pixel->row + (*next - pixel->first) * pixel->step;
        int16_t *sums = pixel->sums;

        for (uint32_t left = pixel->n_runs; left > 0; left--) {
            for (size_t i = 0; i < pixel->n; i++) {
                int16_t *sum = &sums[spkl_pixel_place(i)];

                *sum = (int16_t)(*sum + *row++);
            }
            sums += pixel->n;
            sums += pixel->sums_step / 2;
            row += pixel->row_step;
        }
    }
    return next;
}
