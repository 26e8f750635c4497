"""Rounding to few bits: exact where it can be, never worse than to the nearest, the same every time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelet.converters.lowbits import LIMITS, output_error, round_codes, round_weights

BITS = sorted(LIMITS)


def correlated(seed: int, sources: int, targets: int) -> tuple[Any, Any]:
    """Weights, and the second moment of inputs that vary together."""
    generator = np.random.default_rng(seed)
    x = np.maximum(np.cumsum(generator.normal(size=(300, sources)), axis=1), 0)
    return generator.normal(size=(sources, targets)), x.T @ x / len(x)


def nearest(weight: Any, bits: int) -> Any:
    """To the nearest code, the largest weight the highest code (1 bit: the mean size)."""
    size = np.abs(weight)
    scale = size.mean(axis=0) if bits == 1 else size.max(axis=0) / LIMITS[bits][1]
    return round_codes(weight / scale, bits) * scale


@pytest.mark.parametrize("bits", BITS)
@given(st.integers(0, 10**6), st.floats(1e-9, 1e9))
@settings(max_examples=25, deadline=None)
def test_weights_that_are_codes_times_a_scale_come_back(bits: int, seed: int, unit: float) -> None:
    """Whatever the scales are, and with float32's rounding in the weights."""
    generator = np.random.default_rng(seed)
    low, high = LIMITS[bits]
    codes = generator.integers(low, high + 1, (generator.integers(1, 9), 3))
    codes = np.where(codes == 0, 1, codes) if bits == 1 else codes
    weight = (codes * unit * np.array([1.0, 0.1, 7.3])).astype(np.float32).astype(float)

    found = round_weights(weight, bits=bits)

    np.testing.assert_allclose(found.weight, weight, rtol=1e-6, atol=0)


@pytest.mark.parametrize("bits", BITS)
def test_one_scale_for_all_finds_a_common_unit(bits: int) -> None:
    """Potentials that are compared share a scale."""
    codes = np.array([[1, -1], [-1, 1], [1, 1]])

    found = round_weights(codes * 0.3, bits=bits, per_population=True)

    assert found.scale[0] == found.scale[1]
    np.testing.assert_allclose(found.weight, codes * 0.3)


@pytest.mark.parametrize("per_population", [False, True])
@pytest.mark.parametrize("bits", BITS)
@given(st.integers(0, 10**6))
@settings(max_examples=8, deadline=None)
def test_outputs_are_never_further_off_than_with_the_nearest_codes(bits: int, per_population: bool, seed: int) -> None:
    """On the moment that it is given, for each target or for all together."""
    weight, moment = correlated(seed, 24, 4)

    found = round_weights(weight, bits=bits, moment=moment, damping=1e-9, per_population=per_population)

    ours = output_error(weight, found.weight, moment)
    if per_population:
        assert len(set(found.scale.tolist())) == 1
    else:
        assert np.all(ours <= output_error(weight, nearest(weight, bits), moment) * (1 + 1e-9))


@pytest.mark.parametrize("bits", [4, 2, 1])
def test_errors_of_rows_that_vary_together_make_up_for_each_other(bits: int) -> None:
    """Less than half of what the nearest codes lose."""
    weight, moment = correlated(1, 60, 8)

    found = round_weights(weight, bits=bits, moment=moment)

    assert (
        output_error(weight, found.weight, moment).sum() < output_error(weight, nearest(weight, bits), moment).sum() / 2
    )


@pytest.mark.parametrize("bits", BITS)
def test_codes_stay_in_their_range_and_come_out_the_same(bits: int) -> None:
    """Twice the same, in bits."""
    weight, moment = correlated(2, 40, 6)

    first = round_weights(weight, bits=bits, moment=moment)
    second = round_weights(weight, bits=bits, moment=moment)

    assert first.codes.tobytes() == second.codes.tobytes()
    assert first.scale.tobytes() == second.scale.tobytes()
    assert LIMITS[bits][0] <= first.codes.min()
    assert first.codes.max() <= LIMITS[bits][1]
    assert bits > 1 or np.all(np.abs(first.codes) == 1)


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_degenerate_columns_have_codes_and_scales(bits: int, unit: float) -> None:
    """Zeros, equal weights, one that is much larger than all others."""
    weight = np.array([[0.0, 2.0, 1.0, 1.0], [0.0, 2.0, 1e-3, -1.0], [0.0, 2.0, 1e-3, 0.5]]) * unit

    found = round_weights(weight, bits=bits, moment=np.diag([1.0, 0.0, 2.0]))

    assert np.all(np.isfinite(found.scale))
    assert np.all(found.scale > 0)
    np.testing.assert_allclose(found.weight[:, 1], 2.0 * unit, rtol=1e-6)
    assert bits == 1 or not found.codes[:, 0].any()
    assert bits > 1 or np.max(np.abs(found.weight[:, 0])) <= 2.0 * unit / 1000


@pytest.mark.parametrize("bits", BITS)
def test_a_single_source_and_silent_inputs_are_no_trouble(bits: int) -> None:
    """One row is exact; a moment of zeros leaves the nearest codes."""
    np.testing.assert_allclose(round_weights(np.array([[0.7, -2.0]]), bits=bits).weight, [[0.7, -2.0]])
    weight = np.random.default_rng(3).normal(size=(5, 2))
    assert np.all(np.isfinite(round_weights(weight, bits=bits, moment=np.zeros((5, 5))).weight))


def test_moments_may_come_in_blocks() -> None:
    """Of several projections into one population: the same as one matrix with zeros between them."""
    weight, moment = correlated(4, 12, 3)
    whole = np.zeros_like(moment)
    whole[:5, :5], whole[5:, 5:] = moment[:5, :5], moment[:5, :5].mean() * np.eye(7)

    found = round_weights(weight, bits=4, moment=[whole[:5, :5], whole[5:, 5:]], damping=1e-6)

    together = round_weights(weight, bits=4, moment=whole, damping=1e-6)
    assert np.allclose(
        output_error(weight, found.weight, whole), output_error(weight, together.weight, whole), rtol=0.2
    )


def test_many_sources_without_data_are_rounded_in_blocks() -> None:
    """More than a moment is kept for."""
    weight = np.random.default_rng(5).normal(size=(2100, 2))

    found = round_weights(weight, bits=2)

    assert found.codes.shape == (2100, 2)


def test_moments_and_bits_that_do_not_fit_are_refused() -> None:
    """With the numbers."""
    with pytest.raises(ValueError, match="for 3 sources"):
        round_weights(np.ones((3, 2)) * [[1.0, 0.3], [0.2, 0.5], [0.1, 0.7]], bits=4, moment=np.eye(4))
    with pytest.raises(ValueError, match="not 3"):
        round_codes(np.ones(2), 3)
