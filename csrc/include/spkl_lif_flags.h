/*
 * The choices of a population of the LIF family: semantics 3.2. A field of two
 * bits has its mask and its values.
 */
#ifndef SPKL_LIF_FLAGS_H
#define SPKL_LIF_FLAGS_H

enum {
    SPKL_LIF_HAS_U = 1 << 0,
    SPKL_LIF_U_ORDER = 3 << 1,
    SPKL_LIF_U_DECAY_ADD_USE = 0 << 1,
    SPKL_LIF_U_ADD_DECAY_USE = 1 << 1,
    SPKL_LIF_U_ADD_USE_DECAY = 2 << 1,
    SPKL_LIF_U_USE_DECAY_ADD = 3 << 1,
    SPKL_LIF_BIAS_TO_V = 1 << 3,
    SPKL_LIF_ADD_THEN_DECAY = 1 << 4,
    SPKL_LIF_FIRES = 1 << 5,
    SPKL_LIF_TEST_PREVIOUS = 1 << 6,
    SPKL_LIF_RESET_KIND = 3 << 7,
    SPKL_LIF_RESET_SUBTRACT = 1 << 7,
    SPKL_LIF_RESET_SET = 2 << 7,
    SPKL_LIF_RESET_NEXT = 1 << 9,
    SPKL_LIF_RESET_BEFORE_LEAK = 1 << 10,
    SPKL_LIF_SEVERAL = 1 << 11,
    SPKL_LIF_REFRACTORY_MODE = 3 << 12,
    SPKL_LIF_REFRACTORY_IGNORE = 0 << 12,
    SPKL_LIF_REFRACTORY_ACCUMULATE = 1 << 12,
    SPKL_LIF_REFRACTORY_HOLD = 2 << 12,
    SPKL_LIF_HAS_REFRACTORY = 1 << 14,
    SPKL_LIF_HAS_A = 1 << 15,
    SPKL_LIF_ADAPT_DECAY_FIRST = 1 << 16,
    SPKL_LIF_RESET_ADAPTED = 1 << 17,
    SPKL_LIF_ROUNDING = 3 << 18,
    SPKL_LIF_ROUND_FLOOR = 0 << 18,
    SPKL_LIF_ROUND_ZERO = 1 << 18,
    SPKL_LIF_ROUND_NEAREST = 2 << 18,
    SPKL_LIF_SHIFT12 = 1 << 20,
    SPKL_LIF_CALM = 1 << 30 /* in no image: spkl_is_calm() says so */
};

#endif
