/* Real numbers in integers, so that boards without a floating-point unit link
 * no library for them. */
#include "spkl_mlperf.h"

enum {
    EXPONENT_BIAS = 150, /* x = mantissa 2^(exponent - 150) */
    EXPONENT_MAX = 255,  /* infinities and NaN */
    UNIT = 16,           /* distances: numbers are multiples of 2^-16 */
    LIMIT_EXPONENT = 140 /* that of 2^13 */
};

#define MANTISSA_ONE (UINT32_C(1) << 23)
#define LIMIT (INT64_C(1) << (13 + UNIT))

static uint32_t exponent_of(uint32_t bits)
{
    return bits >> 23 & 0xFFu;
}

static uint32_t mantissa_of(uint32_t bits)
{
    return (bits & (MANTISSA_ONE - 1)) | MANTISSA_ONE;
}

static bool is_negative(uint32_t bits)
{
    return bits >> 31 != 0;
}

bool spkl_mlperf_is_nan(uint32_t bits)
{
    return exponent_of(bits) == EXPONENT_MAX &&
           mantissa_of(bits) != MANTISSA_ONE;
}

/* value / 2^shift, shift 1 .. 63, halves up. */
static uint64_t halved(uint64_t value, uint32_t shift)
{
    return (value + (UINT64_C(1) << (shift - 1))) >> shift;
}

static int8_t clamped(int32_t value)
{
    if (value > INT8_MAX) {
        return INT8_MAX;
    }
    return value < INT8_MIN ? INT8_MIN : (int8_t)value;
}

/* Round a / b, both 2^23 .. 2^24 - 1, to 24 bits, halves to even, as float32
 * does: the result is *bits 2^(returned). */
static int32_t divide(uint32_t a, uint32_t b, uint32_t *bits)
{
    uint64_t quotient = ((uint64_t)a << 25) / b;
    bool exact = ((uint64_t)a << 25) % b == 0;
    uint32_t extra = quotient >> 25 != 0 ? 2 : 1;
    uint32_t low = (uint32_t)quotient & ((1u << extra) - 1);
    uint32_t half = 1u << (extra - 1);

    *bits = (uint32_t)(quotient >> extra);
    if (low > half || (low == half && (!exact || (*bits & 1u) != 0))) {
        (*bits)++;
    }
    return (int32_t)extra - 25;
}

int8_t spkl_mlperf_quantise(uint32_t bits,
                            const struct spkl_mlperf_scale *scale, int32_t zero)
{
    uint32_t divisor = scale->mantissa;
    int32_t power = (int32_t)exponent_of(bits) - EXPONENT_BIAS;
    uint32_t quotient;
    int32_t steps;

    power += (int32_t)scale->shift;
    while (divisor < MANTISSA_ONE) {
        divisor <<= 1;
        power++;
    }
    power += divide(mantissa_of(bits), divisor, &quotient);
    if (exponent_of(bits) == 0 || power < -25) {
        steps = 0;
    } else if (exponent_of(bits) == EXPONENT_MAX || power >= -8) {
        steps = 2 * (INT8_MAX - INT8_MIN); /* beyond int8 with any zero */
    } else {
        steps = (int32_t)halved(quotient, (uint32_t)-power);
    }
    return clamped(is_negative(bits) ? zero - steps : zero + steps);
}

/* A float32 in units of 2^-16. */
static int64_t fixed(uint32_t bits)
{
    uint32_t exponent = exponent_of(bits);
    int32_t shift = EXPONENT_BIAS - UNIT - (int32_t)exponent;
    int64_t size = mantissa_of(bits);

    if (exponent >= LIMIT_EXPONENT) {
        size = LIMIT;
    } else if (shift > 24) {
        size = 0;
    } else if (shift > 0) {
        size = (int64_t)halved((uint64_t)size, (uint32_t)shift);
    } else {
        size <<= -shift;
    }
    return is_negative(bits) ? -size : size;
}

/* scale steps in units of 2^-16; |steps| is at most 255. */
static int64_t real(int32_t steps, const struct spkl_mlperf_scale *scale)
{
    uint64_t size = (uint64_t)(steps < 0 ? -steps : steps) * scale->mantissa;

    if (scale->shift > UNIT) {
        size = halved(size, scale->shift - UNIT);
    } else {
        size <<= UNIT - scale->shift;
    }
    size = size < (uint64_t)LIMIT ? size : (uint64_t)LIMIT;
    return steps < 0 ? -(int64_t)size : (int64_t)size;
}

/* No overflow: |difference| <= 2^30, a square in units of 2^-22 <= 2^50, and
 * at most 6912 < 2^13 of them. */
uint64_t spkl_mlperf_distance(const int8_t *q, const uint8_t *x, uint32_t n,
                              const struct spkl_mlperf_scale *scale,
                              int32_t zero)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < n; i++) {
        int64_t difference =
            real(q[i] - zero, scale) - fixed(spkl_mlperf_word(x, i));

        sum += halved((uint64_t)(difference * difference),
                      2 * UNIT - SPKL_MLPERF_DISTANCE_SHIFT);
    }
    return (sum + n / 2) / n;
}
