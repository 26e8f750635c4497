"""From real numbers to integers: scales, rounding, thresholds, fraction bits, bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelet.converters.bounds import Source, input_bound
from spikelet.converters.nodes import Dense, Neurons
from spikelet.converters.quantize import Given, Quantised, Settings, quantise
from spikelet.converters.rounding import choose_scales, round_compensated, round_nearest, snap, weight_moment
from spikelet.errors import ConvertError
from spikelet.model import V_MAX, LifChoices, ResetKind, Rounding


def neurons(n: int, **changes: Any) -> Neurons:
    """Neurons without leak, threshold 1, reset to 0 at once."""
    base = Neurons(
        shape=(n,),
        choices=LifChoices(reset_kind=ResetKind.SET),
        strict=True,
        decay_v=np.ones(n),
        decay_u=np.ones(n),
        gain=np.ones(n),
        threshold=np.ones(n),
        reset=np.zeros(n),
        count_by=np.ones(n),
        bias=np.zeros(n),
        v_min=np.full(n, -np.inf),
        v_init=np.zeros(n),
        offset=np.zeros(n),
    )
    arrays = {name: np.full(n, value, float) for name, value in changes.items() if isinstance(value, (int, float))}
    return replace(base, **{**changes, **arrays})


def done(node: Neurons, weight: Any, *, source: Source | None = None, **how: Any) -> Quantised:
    """Quantise one population behind one input."""
    weight = np.asarray(weight, float)
    source = source or Source(size=len(weight), max_value=1, max_sum=len(weight), negative=False)
    parts = {"in": Given(source="in", weights=Dense(weight=weight), limits=source, sum=source.max_sum)}
    return quantise("p", node, parts, Settings(**how), most_spikes=32767)


def parameter(result: Quantised, name: str) -> list[int]:
    """A parameter as a list."""
    return [int(value) for value in result.population.parameters[name]]


@given(st.lists(st.integers(-127, 127), min_size=2, max_size=12), st.floats(1e-6, 1e6))
@settings(max_examples=200, deadline=None)
def test_weights_that_are_multiples_of_one_number_stay_exact(whole: list[int], unit: float) -> None:
    """The search for a scale finds the number, whatever it is."""
    weight = np.array(whole, float)[:, None] * unit

    scale = choose_scales(weight, limit=127, per_population=False)

    np.testing.assert_allclose(round_nearest(weight, scale, 127) * scale, weight, rtol=1e-9, atol=0)


def test_a_scale_for_each_neuron_is_finer_than_one_for_all() -> None:
    """A neuron with small weights keeps 7 bits of them."""
    weight = np.array([[1.0, 0.01], [0.5, 0.0049]])

    own = choose_scales(weight, limit=127, per_population=False)
    one = choose_scales(weight, limit=127, per_population=True)

    assert own[1] < own[0] / 50
    assert one[0] == one[1]


def test_neurons_without_weights_have_a_scale() -> None:
    """It is 1: nothing is divided by 0."""
    assert choose_scales(np.zeros((3, 1)), limit=127, per_population=False).tolist() == [1.0]
    assert done(neurons(1), [[0.0]]).population.size == 1


@pytest.mark.parametrize(("strict", "above"), [(True, 640), (False, 639)])
def test_a_threshold_that_the_weights_meet_exactly_is_decided_by_the_comparison(strict: bool, above: int) -> None:
    """w = 0.1 and threshold 0.5: after five inputs v == threshold, though 0.5 / 0.1 is not 5 in binary."""
    result = done(neurons(1, strict=strict, threshold=float(np.float32(0.5))), [[float(np.float32(0.1))]], frac=0)

    weight = int(result.weights["in"].weight[0, 0])
    assert weight == 127
    assert 5 * weight - (not strict) == parameter(result, "fire_above")[0]
    assert above == 640 - (not strict)


@given(st.integers(1, 2**24), st.sampled_from([-1, 1]))
@settings(max_examples=200, deadline=None)
def test_what_float32_cannot_tell_from_a_whole_number_is_one(whole: int, sign: int) -> None:
    """One float32 rounding up or down does not move a threshold."""
    near = np.nextafter(np.float32(1), np.float32(1 + sign)) * np.float64(whole)

    assert snap(np.array([near])).tolist() == [float(whole)] or abs(near - whole) > 0.25
    assert snap(np.array([whole + 0.4])).tolist() == [whole + 0.4]


def test_values_come_out_in_state_units() -> None:
    """Reset, bias, clamp and initial value are value * 2^frac / scale, rounded to nearest."""
    node = neurons(1, threshold=3.0, reset=0.333, bias=0.2003, v_min=-2.0003, v_init=0.1003)

    result = done(node, [[1.0]], frac=4)

    unit = result.scale[0] / 16
    assert [round(3.0 / unit)] == parameter(result, "fire_above")
    assert [round(0.333 / unit)] == parameter(result, "reset")
    assert [round(0.2003 / unit)] == parameter(result, "bias")
    assert [round(-2.0003 / unit)] == parameter(result, "v_min")
    assert [round(0.1003 / unit)] == parameter(result, "v_init")


def test_what_is_absent_in_the_semantics_is_left_out() -> None:
    """Decay 1, reset 0, no bias: nothing in the image."""
    assert {"fire_above"} == set(done(neurons(2), np.eye(2)).population.parameters)


def test_equal_parameters_are_stored_once() -> None:
    """And different ones for each neuron."""
    result = done(neurons(2, threshold=np.array([1.0, 2.0]), decay_v=0.5), np.ones((1, 2)))

    assert result.population.parameters["decay_v"].shape == (1,)
    assert result.population.parameters["fire_above"].shape == (2,)


@pytest.mark.parametrize(("tau", "bits"), [(2, 7), (10, 10), (25, 11), (100, 13), (1000, 16)])
def test_fraction_bits_lie_six_below_the_time_constant(tau: float, bits: int) -> None:
    """f = 6 + ceil(log2(tau))."""
    result = done(neurons(1, decay_v=1 - 1 / tau), [[0.5]])

    assert bits == result.population.frac
    assert Rounding.FLOOR is result.population.choices.rounding


def test_fraction_bits_give_way_to_large_inputs_and_decays_are_rounded_to_nearest() -> None:
    """4,000 inputs of 127 units and tau 1,000 do not leave 16 bits."""
    result = done(neurons(1, decay_v=0.999, threshold=200.0), np.ones((4000, 1)))

    assert result.population.frac == 11
    assert 4000 * 127 * 2**11 <= V_MAX < 4000 * 127 * 2**12
    assert Rounding.NEAREST is result.population.choices.rounding
    assert not result.report["never_saturates"]


def test_numbers_that_have_no_place_are_refused_with_the_numbers() -> None:
    """Inputs of 2^29 units and a time constant of 1,000 ticks."""
    wide = Source(size=1, max_value=2**22, max_sum=2**22, negative=False)

    with pytest.raises(ConvertError, match=r"range: found inputs up to 5.327e\+08") as caught:
        done(neurons(1, decay_v=0.999), [[1.0]], source=wide)

    assert "1000 ticks" in str(caught.value)


def test_more_input_than_the_engine_sums_is_refused() -> None:
    """Semantics 2.3: 2^23."""
    wide = Source(size=1, max_value=2**23 + 1, max_sum=2**23 + 1, negative=False)

    with pytest.raises(ConvertError, match="sources: found up to 8388609"):
        done(neurons(1), [[1.0]], source=wide)


def test_a_leak_that_sixteen_bits_cannot_hold_is_refused() -> None:
    """A time constant of a million ticks would become no leak at all."""
    with pytest.raises(ConvertError, match="decay_v: found a time constant of 1e"):
        done(neurons(1, decay_v=1 - 1e-6), [[1.0]])


def test_a_threshold_that_no_input_reaches_never_fires() -> None:
    """A threshold of 1e9, the usual way to say "never", does not cost the weights their precision."""
    node = neurons(2, threshold=np.array([1e9, 1.0]), decay_v=0.5, choices=LifChoices(reset_kind=ResetKind.SUBTRACT))
    node = replace(node, reset=node.threshold)

    result = done(node, np.ones((3, 2)))

    assert parameter(result, "fire_above")[0] == V_MAX
    assert parameter(result, "reset")[0] == 0
    assert result.population.frac == 7


def test_several_spikes_are_bounded_by_what_input_can_lift() -> None:
    """20 inputs of 1, threshold 1: at most 21 spikes a tick above a v that the reset leaves below the threshold."""
    choices = LifChoices(reset_kind=ResetKind.SUBTRACT, several=True)

    result = done(neurons(1, choices=choices, reset=1.0), np.ones((20, 1)))

    assert result.population.max_count == 22
    assert [127 << result.population.frac] == parameter(result, "count_by")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_input_exceeds_its_bound(data: st.DataObject) -> None:
    """Random weights, limits and events; and the bound is reached."""
    seed = data.draw(st.integers(0, 10**6))
    generator = np.random.default_rng(seed)
    n, max_value = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 5))
    max_sum = data.draw(st.integers(1, n * max_value))
    negative = data.draw(st.booleans())
    weights = generator.integers(-127, 128, (n, 3)).astype(float)

    bound = input_bound(weights, Source(size=n, max_value=max_value, max_sum=max_sum, negative=negative))

    reached = np.zeros(3)
    for target in range(3):
        for sign in (1, -1):
            gains = np.abs(weights[:, target]) if negative else np.maximum(sign * weights[:, target], 0)
            left, total = max_sum, 0.0
            for gain in sorted(gains, reverse=True):
                spent = min(left, max_value)
                total, left = total + gain * spent, left - spent
            reached[target] = max(reached[target], total)
    assert reached.tolist() == bound.tolist()


@given(st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_compensated_rounding_keeps_sums_closer_than_nearest(seed: int) -> None:
    """For inputs that vary together, the error of the sums is smaller, and no weight leaves its range."""
    generator = np.random.default_rng(seed)
    x = np.cumsum(generator.normal(size=(400, 40)), axis=1)
    weight = generator.normal(size=(40, 6))
    scale = np.max(np.abs(weight), axis=0) / 15

    nearest = round_nearest(weight, scale, 15)
    better = round_compensated(weight, scale, 15, x.T @ x)

    def error(whole: Any) -> float:
        return float(np.mean((x @ (whole * scale - weight)) ** 2))

    assert error(better) < error(nearest) / 2
    assert np.max(np.abs(better)) <= 15
    assert np.array_equal(better, np.rint(better))


def test_the_weights_of_an_image_show_its_rows_and_those_of_shuffled_pixels_do_not() -> None:
    """The autocorrelation of smooth weights finds lag 1 and the width of the image."""
    generator = np.random.default_rng(0)
    field = generator.normal(size=(64, 20, 20))
    for axis in (1, 2):
        field = field + np.roll(field, 1, axis) + np.roll(field, -1, axis)
    weight = field.reshape(64, 400).T

    found = weight_moment(weight)[0]
    shuffled = weight_moment(generator.permutation(weight))[0]

    assert pytest.approx(found[0]) == 1.0
    assert min(found[1], found[20]) > 0.5
    assert abs(found[10]) < 0.15
    assert np.max(np.abs(shuffled[1:])) < 0.15
    assert np.min(np.linalg.eigvalsh(weight_moment(weight))) > -1e-9


@pytest.mark.parametrize("bits", range(2, 9))
def test_fewer_bits_are_kept_to(bits: int) -> None:
    """weight_bits=4 uses -7 .. 7."""
    weight = np.random.default_rng(1).normal(size=(50, 30))

    result = done(neurons(30, threshold=5.0), weight, weight_bits=bits)

    assert 2 ** (bits - 1) - 1 == np.max(np.abs(result.weights["in"].weight))


def test_potentials_that_are_compared_share_a_scale() -> None:
    """Else the largest would be the one with the smallest unit."""
    node = neurons(2, choices=LifChoices(fires=False))

    result = done(node, [[1.0, 0.01]], compared=frozenset({"p"}))

    assert result.scale[0] == result.scale[1]
    assert isinstance(result.report["scale"], float)
