"""Graded 1: the arithmetic on arrays equals the document's formulas on Python's integers, at all extremes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from spikelet.graded.arithmetic import clamp, halve, high, leading_zeros, lookup, requantise, requantise64, scale, word

LEAST, MOST = -(2**31), 2**31 - 1
WORDS = sorted(
    {LEAST, LEAST + 1, MOST, MOST - 1, 0}
    | {sign * (2**k + d) for k in range(31) for d in (-1, 0, 1) for sign in (1, -1)}
)
MULTIPLIERS = [0, 1, 2, 2**15, 2**30 - 1, 2**30, 2**30 + 1, 1518500250, 0x7FFEFFFF, 0x7FFF0000, MOST]
LONG = [-(2**47), -(2**47) + 1, -(2**40) - 1, *WORDS[::7], 2**40 + 1, 2**47 - 1]


def _word(x: int) -> int:
    return (x + 2**31) % 2**32 - 2**31


def _long(x: int) -> int:
    return (x + 2**63) % 2**64 - 2**63


def _high(a: int, b: int) -> int:
    total = a * b + (2**30 if a * b >= 0 else 1 - 2**30)
    return abs(total) // 2**31 if total >= 0 else -(abs(total) // 2**31)


def _halve(x: int, e: int) -> int:
    if e > 31:
        return 0
    size = (2 * abs(x) + 2**e) // 2 ** (e + 1)
    return -size if x < 0 else size


def _requantise(x: int, m: int, s: int) -> int:
    return _halve(_high(_word(x * 2 ** max(s, 0)), m), max(-s, 0))


def test_word_is_the_remainder_with_a_sign():
    """Sums of words are taken modulo 2^32."""
    for x in (*WORDS, 2**31, 2**32, -(2**31) - 1, 2**40 + 5):
        assert int(word(x)) == _word(x)


def test_high_rounds_to_nearest_at_all_extremes():
    """Graded 1.1, with negative second factors too (the reciprocal of softmax has them)."""
    for b in (*MULTIPLIERS, -1010580540, -1):
        np.testing.assert_array_equal(high(np.array(WORDS), b), [_high(a, b) for a in WORDS])


def test_halve_rounds_halves_away_from_zero_and_ends_at_zero():
    """Graded 1.2: above 31 it is 0, of the least word too."""
    for e in range(36):
        np.testing.assert_array_equal(halve(np.array(WORDS), e), [_halve(x, e) for x in WORDS])
    assert int(halve(LEAST, 31)) == -1
    assert int(halve(LEAST, 32)) == 0


def test_requantise_equals_the_formula_for_all_shifts():
    """Graded 1.3: what leaves a word on the left is lost."""
    for m, s in itertools.product(MULTIPLIERS, range(-31, 31)):
        np.testing.assert_array_equal(requantise(np.array(WORDS), m, s), [_requantise(x, m, s) for x in WORDS])


def test_requantise64_equals_the_formula_for_all_shifts():
    """Graded 1.5."""
    for m, s in itertools.product(MULTIPLIERS, range(-31, 15)):
        reduced = (m + 2**15) >> 16 if m < 0x7FFF0000 else 0x7FFF
        expected = [_word(_long(x * reduced + 2 ** (14 - s)) >> (15 - s)) for x in LONG]
        np.testing.assert_array_equal(requantise64(np.array(LONG), m, s), expected)


@pytest.mark.parametrize("m", [0, 1, 2**32 - 1, 2**32, 2**53 - 1, 2**61, 2**61 + 2**31, 2**62 - 1])
def test_scale_equals_the_formula_for_all_shifts(m):
    """Graded 1.6, of words and of longer sums; what leaves 64 bits is lost."""
    for s in range(33, 96):
        expected = [_long(_long((x * m) >> 32) + 2 ** (s - 33)) >> (s - 32) for x in LONG]
        np.testing.assert_array_equal(scale(np.array(LONG), m, s), expected)


def test_scale_is_one_rounding_where_nothing_is_lost():
    """Graded 1.6 is floor(x m / 2^s + 1/2)."""
    for m, s in itertools.product((3, 2**40 + 12345, 2**61 + 987654321, 2**62 - 1), (33, 47, 64, 80, 95)):
        np.testing.assert_array_equal(scale(np.array(WORDS), m, s), [(x * m + 2 ** (s - 1)) >> s for x in WORDS])


def test_clamp_keeps_both_ends():
    """Graded 1.4."""
    np.testing.assert_array_equal(clamp(np.array([-200, -128, 0, 127, 128]), -128, 127), [-128, -128, 0, 127, 127])


def test_lookup_goes_straight_from_entry_to_entry():
    """Graded 1.7: entries at multiples of 128, in between a rounded chord."""
    table = np.arange(513, dtype=np.int64) * 63 - 16000
    values = np.arange(-32768, 32768)
    np.testing.assert_array_equal(lookup(table, values), [-16000 + (63 * (v + 32768) + 64) // 128 for v in values])


def test_leading_zeros_of_positive_words():
    """Used by both softmax kinds."""
    positive = [x for x in WORDS if x > 0]
    np.testing.assert_array_equal(leading_zeros(np.array(positive)), [32 - x.bit_length() for x in positive])
