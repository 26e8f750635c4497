"""Scales of activations: what they can hold, and what is left out of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelet.converters.tflite.float_run import FloatRun
from spikelet.converters.tflite.quantise_graph import folded, grouped
from spikelet.converters.tflite.quantise_ranges import RANGES, Spread, scale_of, scales, spreads
from support.float_networks import DIGITS, calibration, read

ENDS = st.floats(-1e6, 1e6, allow_nan=False)


def spread(values: np.ndarray) -> Spread:
    """Of numbers."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    return Spread(low=low, high=high, counts=np.histogram(values[values != 0], 2048, (low, high))[0])


@given(ENDS, ENDS)
@settings(max_examples=200, deadline=None)
def test_a_scale_holds_zero_exactly_and_the_range_within_a_step(a: float, b: float) -> None:
    """Padding is 0, and must stay it."""
    low, high = min(a, b, 0.0), max(a, b, 0.0)
    scale = scale_of(low, high)
    assert -128 <= scale.zero_point <= 127
    assert scale.rounded(np.zeros(1))[0] == 0
    if high - low > 1e-9:
        points = np.linspace(low, high, 101)
        assert np.max(np.abs(scale.rounded(points) - points)) <= 0.51 * scale.scale * (1 + 1e-6) + scale.scale / 2


@pytest.mark.parametrize("value", [0.0, 1e-30, -1e-25])
def test_a_tensor_in_which_nothing_happens_has_a_scale_of_one(value: float) -> None:
    """No scale near 0, which would make biases and multipliers overflow."""
    assert scale_of(min(value, 0), max(value, 0)).scale == 1.0


@pytest.mark.parametrize("way", RANGES)
def test_ranges_lie_in_what_was_seen_and_hold_zero(way: str) -> None:
    """Of one-sided and of two-sided values."""
    generator = np.random.default_rng(0)
    for values in (generator.normal(size=5000), generator.exponential(size=5000), -generator.random(5000)):
        seen = spread(values)
        low, high = RANGES[way](seen)
        assert seen.low <= low <= 0 <= high <= seen.high


def test_few_outliers_are_left_out_by_percentiles_and_least_error() -> None:
    """One value of thousands that is fifty times as large: most of the 256 steps would be its own."""
    values = np.random.default_rng(1).exponential(size=3000)
    values[0] = 400.0
    whole, percentile, least = (RANGES[way](spread(values))[1] for way in ("all values", "99.9 %", "least error"))
    assert whole == 400.0
    assert percentile < 400.0
    inner = values[1:]
    error = {end: np.sum((scale_of(0, end).rounded(inner) - inner) ** 2) for end in (whole, least)}
    assert error[least] <= error[whole]


def test_the_least_error_is_not_above_that_of_any_other_way() -> None:
    """Measured on the values themselves, of many kinds of them."""
    generator = np.random.default_rng(2)
    for values in (generator.normal(size=20000), generator.laplace(size=20000), generator.standard_t(3, size=20000)):
        errors = {way: np.sum((scale_of(*RANGES[way](spread(values))).rounded(values) - values) ** 2) for way in RANGES}
        assert errors["least error"] <= min(errors.values()) * 1.02


@pytest.mark.parametrize("name", DIGITS)
def test_all_values_are_the_ends_of_every_tensor(name: str) -> None:
    """Found again by running the network, tensor by tensor; groups have the ends of all their tensors."""
    file, groups = grouped(folded(read(name)))
    images = calibration(name).x[:70]
    run = FloatRun(file)
    seen = spreads(run, groups, [images])
    found = scales(groups, seen, "all values")
    ends: dict[int, list[float]] = {}
    for batch in run.tensors(images):
        for index, values in batch.items():
            low, high = ends.setdefault(groups.of[index], [0.0, 0.0])
            ends[groups.of[index]] = [min(low, float(values.min())), max(high, float(values.max()))]
    for index, group in groups.of.items():
        if group not in groups.fixed:
            assert found[index] == scale_of(*ends[group])
    assert sum(spread.counts.sum() for spread in seen.values()) > 0
