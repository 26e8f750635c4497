"""Multipliers, shifts and tables that a converter writes (graded 1.3, 1.6, 3.3, 4.6)."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from spikelet.errors import ModelError
from spikelet.graded.arithmetic import clamp, scale
from spikelet.graded.multipliers import dense_multiplier, mean_multiplier, multiplier_of
from spikelet.graded.tables import (
    logistic_s16_multiplier,
    logistic_s16_table,
    softmax_s8_table,
    softmax_s16_tables,
)


def _double(x: int, real: float) -> int:
    """What the interpreter does with a sum: one double product, and C's round."""
    product = float(x) * real
    whole = math.trunc(product)
    return whole + (int(math.copysign(1, product)) if abs(product - whole) >= 0.5 else 0)


@pytest.mark.parametrize("exponent", range(-40, 31))
def test_a_multiplier_is_the_nearest_of_31_bits(exponent):
    """2^30 <= m < 2^31 and m 2^(s - 31) is next to the real multiplier; below 2^-31 both are 0."""
    for fraction in (0.5, 0.5000001, 0.7071, 0.99999, 1.0 - 2.0**-40):
        real = fraction * 2.0**exponent
        if exponent == 30 and fraction > 0.9999999:
            continue
        multiplier, shift = multiplier_of(real)
        if exponent < -31:
            assert (multiplier, shift) == (0, 0) or (real > 2.0**-32 * 0.9999999 and multiplier == 2**30)
        else:
            assert 2**30 <= multiplier < 2**31
            assert abs(Fraction(multiplier, 2 ** (31 - shift)) - Fraction(real)) <= Fraction(2) ** (shift - 32)


@pytest.mark.parametrize("real", [-1.0, math.inf, math.nan, 2.0**30])
def test_a_multiplier_without_a_place_is_refused(real):
    """Negative, not finite, or too large."""
    with pytest.raises(ModelError, match="multiplier: found"):
        multiplier_of(real)


@pytest.mark.parametrize(("real", "taps"), [(1.0, 1), (0.3, 7), (1.7, 64), (2.0**-30, 1000), (2.0**-31, 3)])
def test_a_mean_divides_in_its_multiplier(real, taps):
    """Graded 3.3: with enough room, m 2^(s - 31) is real / taps with 30 bits or so; shifts stay in range."""
    multiplier, shift = mean_multiplier(real, taps)
    assert -31 <= shift <= 30
    assert 0 <= multiplier < 2**31
    if shift > -31:
        assert math.isclose(multiplier * 2.0 ** (shift - 31), real / taps, rel_tol=2.0**-28)


def test_a_fully_connected_layer_rounds_as_a_double_for_every_sum():
    """Graded 1.6: all sums of a reach, for scales of all kinds, ties and zeros among them."""
    rng = np.random.default_rng(5)
    reals = [2.0**-3, 2.0**-9, 0.5, 1.0, 1.5, 1 / 3, 0.1, 1e-3, 1e-9, 1e-30, 0.0]
    reals += [float(np.float32(rng.random()) * np.float64(np.float32(rng.random())) / 7.0) for _ in range(40)]
    sums = np.arange(-40000, 40001)
    for real in reals:
        wanted = np.array([_double(int(x), real) for x in sums])
        for low, top in ((-128, 127), (-255, 0), (0, 255), (-32768, 32767)):
            m, s = dense_multiplier(real, low=-40000, top=40000, out_min=low, out_max=top)
            np.testing.assert_array_equal(clamp(scale(sums, m, s), low, top), clamp(wanted, low, top))


def test_a_fully_connected_layer_of_long_sums_rounds_as_a_double():
    """Sums of int16 layers need more than a word, and have 65535 places where the output rises."""
    rng = np.random.default_rng(6)
    for bits in (33, 36):
        reach = 2**bits
        real = float(np.float32(rng.uniform(0.5, 1.0))) * 2.0 ** (15 - bits)
        m, s = dense_multiplier(real, low=-reach, top=reach, out_min=-32768, out_max=32767)
        assert m * reach < 2**93
        # Near all places where the output rises, and anywhere.
        near = np.rint((rng.integers(-32768, 32767, 20000) + 0.5) / real).astype(np.int64) + rng.integers(-1, 2, 20000)
        for sums in (near, rng.integers(-reach, reach, 20000)):
            wanted = [min(max(_double(int(x), real), -32768), 32767) for x in sums]
            np.testing.assert_array_equal(clamp(scale(sums, m, s), -32768, 32767), wanted)


def test_a_double_that_no_integers_equal_is_refused():
    """(2k + 1) 7 times the double next to 1 / 14 is k + 1/2 for some k and less for others."""
    quirks = 0
    for n in range(2, 4000, 2):
        real = 1.0 / n
        ups = {_double((2 * k + 1) * (n // 2), real) == k + 1 for k in range(127)}
        if ups == {True, False}:
            quirks += 1
            with pytest.raises(ModelError, match="no integers"):
                dense_multiplier(real, low=-(2**20), top=2**20, out_min=-128, out_max=127)
    assert quirks > 10


@pytest.mark.parametrize("real", [-0.1, math.nan, 2.0**20])
def test_a_result_that_leaves_a_word_is_refused(real):
    """Sums times multiplier stay below 2^31: beyond it C promises nothing."""
    with pytest.raises(ModelError, match="multiplier: found"):
        dense_multiplier(real, low=-(2**12), top=2**12, out_min=-128, out_max=127)


@pytest.mark.parametrize("scale_", [2.0**-20, 1e-3, 0.05, 0.3, 1.0, 40.0])
def test_the_table_of_softmax_is_the_exponential(scale_):
    """Graded 3.2: 31 fraction bits, 2^-22 off; it ends where the argument leaves -32, or at 256 entries."""
    table = softmax_s8_table(1.0, scale_)
    steps = np.arange(len(table)) * scale_
    assert table[0] == 2**31 - 1
    assert np.all(np.diff(table.astype(np.int64)) <= 0)
    np.testing.assert_allclose(table / 2.0**31, np.exp(-steps), atol=2.0**-22)
    assert len(table) == 256 or steps[-1] + scale_ > 15.0


def test_the_tables_of_int16_are_near_their_functions():
    """Graded 3.4, 3.5, to 2 units of 2^-15 and 2^-16; ends are the document's."""
    exps, reciprocals = softmax_s16_tables()
    np.testing.assert_allclose(exps / 2.0**15, np.exp(np.linspace(-10.0, 0.0, 513)), atol=2.0**-14)
    np.testing.assert_allclose(reciprocals / 2.0**15, 1.0 / (1.0 + np.linspace(0.0, 1.0, 513)), atol=2.0**-14)
    assert exps.min() >= 1
    assert exps[-2:].min() >= 2
    assert reciprocals.min() >= 1
    table = logistic_s16_table()
    np.testing.assert_allclose(table / 2.0**16, 1.0 / (1.0 + np.exp(-np.arange(256) / 24.0)), atol=2.0**-15)


@pytest.mark.parametrize("scale_", [2.0**-46, 6.0])
def test_a_logistic_function_whose_scale_has_no_multiplier_is_refused(scale_):
    """Graded 4.5: 1 .. 65535."""
    with pytest.raises(ModelError, match="logistic: found"):
        logistic_s16_multiplier(scale_)
