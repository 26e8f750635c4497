"""Rates of spikes stand for values: thresholds, bursts, biases that make up for rounding, room in the integers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import spikelet
from spikelet.converters.floating import Floating
from spikelet.converters.integers import build, parts_of
from spikelet.converters.nodes import Neurons
from spikelet.converters.pipeline import lower
from spikelet.converters.ports import Options
from spikelet.converters.tflite.reader import parse_tflite
from spikelet.converters.tflite.spikes import convert_spikes
from spikelet.converters.tflite.spikes_correction import corrected, fraction_bits
from spikelet.converters.tflite.spikes_levels import in_order, levels, static_of, with_levels
from spikelet.converters.tflite.spikes_operators import Planner
from spikelet.converters.tflite.spikes_reading import Reading
from spikelet.converters.tflite.spikes_wiring import Plan
from spikelet.errors import ConvertError, DataError
from spikelet.image import decode, encode
from spikelet.model import V_MAX, Decoder, Encoder, Model
from support.spikes_networks import CASES, built, samples

SAMPLES = 24


@cache
def case(name: str) -> tuple[Plan, Any]:
    """A case's plan, and frames for it."""
    file = parse_tflite(built(name))
    shape = file.subgraphs[0].tensors[file.subgraphs[0].inputs[0]].shape[1:]
    plan = Planner(Reading(file), None, None).plan()
    return plan, (samples(SAMPLES, *shape).astype(np.int16) + 128).astype(np.uint8)


def events_of(engine: spikelet.Engine, index: int) -> Any:
    """Spikes of a population in the last tick, numbered as in the network: maps have their channels last."""
    events = engine.probe(index, spikelet.Variable.EVENTS)
    place = engine.model.meta["populations"][index].get("map")
    return events if place is None else events.reshape(-1, place[0]).T.reshape(-1)


def counts(model: Model, frame: Any, ticks: int) -> dict[str, Any]:
    """Spikes of each population after some ticks, numbered as in the network."""
    with spikelet.Engine(model) as engine:
        engine.push_frame(frame.reshape(-1))
        total = {p.name: np.zeros(p.size, np.int64) for p in model.populations}
        for _ in range(ticks):
            engine.advance(1)
            for index, population in enumerate(model.populations):
                total[population.name] += events_of(engine, index)
    return total


@pytest.mark.parametrize("burst", [1, 4])
@pytest.mark.parametrize("name", CASES)
def test_rates_come_to_the_values(name: str, burst: int) -> None:
    """After many ticks what neurons have sent is what the network computes, up to a few spikes of each."""
    plan, frames = case(name)[0], case(name)[1][:3]
    ticks = 200
    model = convert_spikes(
        parse_tflite(built(name)), calibration=frames, ticks=ticks, burst=burst, percentile=100, channels=False
    )
    found = levels(plan, frames, percentile=100, channels=False)
    wanted = static_of(plan).run(in_order(plan, frames[:1]))
    sent = counts(model, frames[0], ticks)

    for path in plan.roles:
        rates = sent[path] / ticks / burst
        values = wanted[path][0] / np.repeat(found[path], rates.size // len(found[path]))
        assert np.max(np.abs(rates - np.clip(values, 0, 1))) < 0.06, path
        assert np.mean(np.abs(rates - np.clip(values, 0, 1))) < 0.015, path


@pytest.mark.parametrize("name", ["residual", "largest", "signed", "flat"])
def test_integers_spike_as_the_float_network(name: str) -> None:
    """Nine of ten cells of tick and neuron have the same count in integers and floats, several spikes a tick too."""
    plan, frames = case(name)
    network = lower(with_levels(plan, levels(plan, frames, percentile=99.9, channels=False), burst=3, start=0.5))
    options = Options(encoder=Encoder.DIRECT, gain=258, max_value=255, ticks_per_sample=12, decoder=Decoder.LAST)
    model = build(network, options, calibration=None, dt=None)
    given = np.repeat(in_order(plan, frames[:1]).astype(float)[:, None], 12, axis=1)
    floats = Floating(network).run({"image": given}).spikes
    highest = 0

    with spikelet.Engine(model) as engine:
        engine.push_frame(frames[0].reshape(-1))
        same = cells = 0
        for tick in range(12):
            engine.advance(1)
            for index, population in enumerate(model.populations):
                if not population.choices.fires:
                    continue
                events = events_of(engine, index)
                highest = max(highest, int(events.max()))
                same += int(np.count_nonzero(events == floats[population.name][0, tick]))
                cells += events.size
    assert same > 0.9 * cells
    assert highest == 3


@pytest.mark.parametrize("burst", [1, 2, 7])
def test_a_tick_has_at_most_the_burst(burst: int) -> None:
    """What is above a level is cut; with bursts several steps of the level fit into a tick."""
    model = convert_spikes(parse_tflite(built("strides")), calibration=case("strides")[1], burst=burst, percentile=50)

    assert {p.max_count for p in model.populations if p.choices.fires} == {burst}
    with spikelet.Engine(model) as engine:
        engine.push_frame(case("strides")[1][0].reshape(-1))
        engine.advance(1)
        assert int(engine.probe(0, spikelet.Variable.EVENTS).max()) == burst


def test_potentials_begin_at_half_a_threshold_and_are_reset_by_subtraction() -> None:
    """The rule of the rate code, in the integers."""
    model = convert_spikes(parse_tflite(built("offset")), calibration=case("offset")[1], scale="neuron")

    for population in model.populations[:-1]:
        own = population.parameters
        assert population.choices.reset_kind.name == "SUBTRACT"
        assert np.all(np.abs(own["fire_above"] + 1 - own["reset"]) <= 1)
        assert np.all(np.abs(2 * own["v_init"] - own["reset"]) <= 2)
    assert not model.populations[-1].choices.fires


def test_levels_are_percentiles_of_channels_or_layers() -> None:
    """Of all samples and positions, a channel's at least 1/16 of the layer's; a tensor's limit is never passed."""
    plan, frames = case("strides")
    values = static_of(plan).run(in_order(plan, frames))["conv_2d_0"]
    own = levels(plan, frames, percentile=90, channels=True)["conv_2d_0"]
    one = levels(plan, frames, percentile=90, channels=False)["conv_2d_0"]
    channels = values.reshape(SAMPLES, 5, -1).transpose(1, 0, 2).reshape(5, -1)

    least = np.percentile(values, 90) / 16
    np.testing.assert_allclose(own, np.maximum(np.percentile(channels, 90, axis=1), least), rtol=1e-5)
    np.testing.assert_allclose(one, np.full(5, 16 * least), rtol=1e-5)
    six, some = case("six")
    assert np.all(levels(six, some, percentile=100, channels=True)["conv_2d_0"] <= 6)


def test_biases_make_up_for_rounded_weights() -> None:
    """Where a frame's 0 stands for 211 steps below, rounding of the weights is 211 times as large: it is taken out."""
    plan, frames = case("offset")
    found = levels(plan, frames, percentile=99.9, channels=True)
    options = Options(encoder=Encoder.DIRECT, gain=258, max_value=255, ticks_per_sample=64, decoder=Decoder.LAST)
    network = lower(with_levels(plan, found, burst=8, start=0.5))
    shapes = {path: node.shape for path, node in plan.network.nodes.items() if hasattr(node, "shape")}
    better = corrected(network, parts_of(network, options), shapes, in_order(plan, frames))
    wanted = static_of(plan).run(in_order(plan, frames[:1]))["conv_2d_0"][0] / np.repeat(found["conv_2d_0"], 48)

    def error(made: Any) -> float:
        rates = counts(build(made, options, calibration=None, dt=None), frames[0], 64)["conv_2d_0"]
        return float(np.mean(np.abs(rates / 64 / 8 - np.clip(wanted, 0, 1))))

    assert error(better) < error(network) / 2
    assert error(better) < 0.02


def test_no_potential_saturates_in_a_sample() -> None:
    """Neurons that get far more than they can send keep the rest for the whole window; less fraction bits make room."""
    plan, frames = case("strides")
    bright = np.full_like(frames[:1], 255)
    network = lower(with_levels(plan, levels(plan, frames, percentile=50, channels=True), burst=1, start=0.5))
    options = Options(encoder=Encoder.DIRECT, gain=258, max_value=255, ticks_per_sample=64, decoder=Decoder.LAST)

    def largest(chosen: Options) -> int:
        with spikelet.Engine(build(network, chosen, calibration=None, dt=None)) as engine:
            engine.run(bright.reshape(-1), 64)
            found = [engine.probe(i, spikelet.Variable.V) for i in range(len(engine.model.populations))]
        return max(int(np.max(np.abs(v))) for v in found)

    assert largest(options) == V_MAX
    assert largest(replace(options, frac=fraction_bits(parts_of(network, options), 64))) < V_MAX


def test_frames_of_several_channels_are_numbered_as_in_the_file() -> None:
    """The port takes height, width, channels; host, reference and an image read again give the same bits."""
    _, frames = case("residual")
    model = convert_spikes(parse_tflite(built("residual")), calibration=frames, ticks=8)
    again = decode(encode(model))
    moved = frames[0].transpose(2, 0, 1)

    assert model.inputs[0].shape == (8, 6, 3)
    with spikelet.Engine(again) as engine, spikelet.Reference(model) as reference:
        for frame in (*frames[:3], moved):
            a, b = engine.run(frame.reshape(-1)), reference.run(frame.reshape(-1))
            assert a.first.scores.tolist() == b.first.scores.tolist()
            assert [s.events for s in a.stats] == [s.events for s in b.stats]
        assert engine.run(frames[0].reshape(-1)).first.scores.tolist() != a.first.scores.tolist()


def test_the_same_file_gives_the_same_bytes() -> None:
    """Calibration as int8, as frames or as the input's real numbers; and again."""
    file = parse_tflite(built("offset"))
    known = file.subgraphs[0].tensors[file.subgraphs[0].inputs[0]].quantisation
    assert known is not None
    frames = case("offset")[1]
    whole = (frames.astype(np.int16) - 128).astype(np.int8)
    numbers = float(known.scale[0]) * (whole.astype(float) - int(known.zero_point[0]))
    images = [encode(convert_spikes(file, calibration=data, ticks=4)) for data in (frames, whole, numbers, frames)]

    assert len(set(images)) == 1


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (np.zeros((3, 7), np.uint8), "48 numbers a sample"),
        (np.zeros((0, 48), np.uint8), "48 numbers a sample"),
        (np.full((2, 48), np.nan), "NaN"),
        (np.full((2, 48), 300), "300"),
        (np.array([["a"] * 48]), "48 numbers"),
    ],
)
def test_calibration_that_does_not_fit_is_refused(data: Any, found: str) -> None:
    """What it is, and what is needed."""
    with pytest.raises(DataError, match=found):
        convert_spikes(parse_tflite(built("offset")), calibration=data)


def test_labels_that_do_not_fit_are_refused() -> None:
    """One whole number a sample."""
    with pytest.raises(DataError, match="one whole number for each of the 24 samples"):
        convert_spikes(
            parse_tflite(built("offset")), calibration=case("offset")[1], calibration_labels=np.zeros(3, int)
        )


@pytest.mark.parametrize(
    "options", [{"ticks": 0}, {"burst": 0}, {"burst": 256}, {"percentile": 20}, {"start": 1.5}, {"scale": "some"}]
)
def test_numbers_outside_their_ranges_are_refused(options: dict[str, Any]) -> None:
    """By name."""
    with pytest.raises(ConvertError, match=next(iter(options))):
        convert_spikes(parse_tflite(built("offset")), calibration=case("offset")[1], **options)


def test_meta_tells_what_was_chosen() -> None:
    """Settings, levels by population, what was left out, the margin of early exits."""
    meta = convert_spikes(parse_tflite(built("largest")), calibration=case("largest")[1], ticks=16).meta

    assert (meta["spikes"]["ticks"], meta["spikes"]["left_out"]) == (16, ["SOFTMAX"])
    assert list(meta["spikes"]["populations"])[:2] == ["conv_2d_0", "max_pool_2d_1.pair_1"]
    low, high = meta["spikes"]["populations"]["conv_2d_0"]["level"]
    assert 0 < low < high
    assert meta["early_exit"]["samples"] == SAMPLES


def test_neurons_never_have_more_spikes_than_they_may() -> None:
    """`most` cuts counts in the float network as max_count does in integers."""
    plan, frames = case("strides")
    network = lower(with_levels(plan, levels(plan, frames, percentile=50, channels=True), burst=2, start=0.5))
    given = np.repeat(in_order(plan, frames[:2]).astype(float)[:, None], 4, axis=1)
    spikes = Floating(network).run({"image": given}).spikes

    assert all(node.most == 2 for _, node in network.of(Neurons) if node.choices.fires)
    assert {float(values.max()) for values in spikes.values()} == {2.0}
