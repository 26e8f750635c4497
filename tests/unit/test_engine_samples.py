"""Engine.run_samples is Engine.run for each sample, without Python in between."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from spikelet.codes import code
from spikelet.engine import Engine
from spikelet.errors import DataError, EngineError
from spikelet.events import EVENT
from spikelet.model import (
    Decoder,
    Encoder,
    InputPort,
    LifChoices,
    Model,
    OutputKind,
    OutputPort,
    Population,
    Projection,
)
from spikelet.reference import Reference
from spikelet.samples import EventSamples
from strategies import Chance, model

N_MODELS = 60
N_SAMPLES = 5


def networks() -> list[tuple[int, Model]]:
    """Random models with at least one event or frame port that is used."""
    found = []
    for seed in range(N_MODELS):
        rng = np.random.default_rng(1000 + seed)
        found.append((seed, model(Chance(lambda low, high, rng=rng: int(rng.integers(low, high, endpoint=True))))))  # type: ignore[misc]
    return found


def data_for(network: Model, seed: int) -> dict[str, Any]:
    """Frames, or events that the ports take, some of them beyond the sample's end, some in disorder."""
    rng = np.random.default_rng(seed)
    data: dict[str, Any] = {}
    for port in network.inputs:
        if port.encoder is not Encoder.EVENTS:
            data[port.name] = rng.integers(0, 256, (N_SAMPLES, port.size)).astype(np.uint8)
            continue
        samples = []
        for _ in range(N_SAMPLES):
            rows = []
            for tick in np.sort(rng.choice(14, int(rng.integers(0, 14)), replace=False)):
                neurons = rng.permutation(port.size)[: min(port.capacity, port.max_sum, int(rng.integers(0, 9)))]
                rows += [(int(tick), int(neuron), int(rng.choice([-1, 1]))) for neuron in neurons]
            samples.append(np.array(rows, EVENT))
        data[port.name] = EventSamples.of(samples)
    return data


@pytest.mark.parametrize("reset", [True, False], ids=["each from the start", "going on"])
@pytest.mark.parametrize(("seed", "network"), networks())
def test_samples_run_as_one_by_one(seed: int, network: Model, reset: bool) -> None:
    """Events, counts, scores, predictions and statistics of every sample and port."""
    data = data_for(network, seed)
    ticks = None if seed % 3 == 0 and network.ticks_per_sample else np.arange(N_SAMPLES) * (seed % 5) + 1
    with Engine(network) as at_once, Engine(network) as singly:
        found = at_once.run_samples(data, ticks, reset=reset, events=True)
        for index in range(N_SAMPLES):
            inputs = {name: samples[index] for name, samples in data.items()}
            one = singly.run(inputs, None if ticks is None else int(ticks[index]), reset=reset)
            for name, output in one.outputs.items():
                assert output.events.tolist() == found.outputs[name].events[index].tolist()
                assert output.counts.tolist() == found.outputs[name].counts[index].tolist()
                assert output.scores.tolist() == found.outputs[name].scores[index].tolist()
                assert output.prediction == found.outputs[name].predictions[index]
            for population, stats in enumerate(one.stats):
                assert stats.events == found.events[index, population]
                assert stats.synops == found.synops[index, population]
                assert stats.quiet_ticks == found.quiet_ticks[index, population]
        assert singly.state == at_once.state


def test_the_networks_above_show_everything() -> None:
    """Encoders, kinds of outputs, decoders, windows, and events and quiet ticks in the results."""
    seen: set[Any] = set()
    for seed, network in networks():
        seen |= {port.encoder for port in network.inputs} | {(port.kind, port.decoder) for port in network.outputs}
        seen.add(network.ticks_per_sample > 0)
        with Engine(network) as engine:
            found = engine.run_samples(data_for(network, seed), 14, events=True)
        seen |= {name for name in ("events", "synops", "quiet_ticks") if getattr(found, name).any()}
        seen |= {"output events" for output in found.outputs.values() if len(output.events.events)}

    assert seen >= {*Encoder, True, False, "events", "synops", "quiet_ticks", "output events"}
    assert {decoder for kind, decoder in (s for s in seen if isinstance(s, tuple)) if kind is OutputKind.EVENTS} == {
        *Decoder
    }


def event_network(**changes: Any) -> Model:
    """A random network with one event port, and that port changed."""
    for _, network in networks():
        port = network.inputs[0]
        used = any(p.from_input for p in network.projections)
        if len(network.inputs) == 1 and port.encoder is Encoder.EVENTS and used and not network.ticks_per_sample:
            return dataclasses.replace(network, inputs=(dataclasses.replace(port, **changes),))
    raise AssertionError


def samples(*rows: list[tuple[int, int, int]]) -> EventSamples:
    """Events of each sample."""
    return EventSamples.of([np.array(row, EVENT) for row in rows])


def test_events_beyond_what_a_queue_holds_are_pushed_in_pieces() -> None:
    """A sample may be longer than the queue; only a tick may not."""
    network = event_network(capacity=2, max_value=5, max_sum=10)
    long = [(tick, 0, 1) for tick in range(50)]
    with Engine(network) as at_once, Engine(network) as singly:
        found = at_once.run_samples(samples(long, [], long[::7]), events=True)
        for index, sample in enumerate((long, [], long[::7])):
            assert singly.run(np.array(sample, EVENT)).events.tolist() == found.first.events[index].tolist()
        full = network.inputs[0].size
        if full >= 3:
            with pytest.raises(DataError, match="convert with a larger queue"):
                at_once.run_samples(samples([(4, neuron, 1) for neuron in range(3)]))


def test_events_of_one_neuron_and_tick_add_up() -> None:
    """As in run: merged, sorted, and gone where the sum is 0."""
    network = event_network(capacity=4, max_value=5, max_sum=10)
    mixed = samples([(3, 0, 2), (3, 0, 1), (5, 0, 1), (5, 0, -1)], [(0, 0, 3), (0, 0, -3)], [(2, 0, 4)])
    plain = samples([(3, 0, 3)], [], [(2, 0, 4)])
    with Engine(network) as engine:
        found, expected = (engine.run_samples(data, 8, events=True) for data in (mixed, plain))

    assert expected.synops.tolist() == found.synops.tolist()
    assert expected.first.events.events.tolist() == found.first.events.events.tolist()


def test_a_refused_event_names_its_sample() -> None:
    """The engine's code, and the sample that has the event."""
    network = event_network(capacity=4, max_value=5, max_sum=10)
    with Engine(network) as engine, pytest.raises(EngineError, match="sample 1") as info:
        engine.run_samples(samples([(0, 0, 5)], [(3, 0, 6)], [(0, 0, 1)]))
    assert code("VALUE") == info.value.code


def test_more_output_events_than_one_call_gives_come_in_several(monkeypatch: pytest.MonkeyPatch) -> None:
    """SPKL_MORE: the run goes on where it was, in the middle of a sample."""
    monkeypatch.setattr("spikelet.engine_samples._EVENTS_A_CALL", 1)
    for seed, network in networks()[:20]:
        data = data_for(network, seed)
        with Engine(network) as engine:
            small = engine.run_samples(data, 14, events=True)
            monkeypatch.setattr("spikelet.engine_samples._EVENTS_A_CALL", 65536)
            large = engine.run_samples(data, 14, events=True)
            monkeypatch.setattr("spikelet.engine_samples._EVENTS_A_CALL", 1)
        for name, output in large.outputs.items():
            assert output.events.events.tolist() == small.outputs[name].events.events.tolist()
            assert output.events.offsets.tolist() == small.outputs[name].events.offsets.tolist()
            assert output.counts.tolist() == small.outputs[name].counts.tolist()
            assert output.scores.tolist() == small.outputs[name].scores.tolist()


def test_many_samples_in_many_calls_are_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many samples a call into C does changes nothing."""
    seed, network = next((seed, m) for seed, m in networks() if m.ticks_per_sample)
    data = data_for(network, seed)
    found = []
    for ticks in (1, 4096):
        monkeypatch.setattr("spikelet.engine_samples._TICKS_A_CALL", ticks)
        with Engine(network) as engine:
            found.append(engine.run_samples(data, events=True))
    one, many = found

    assert one.counts.tolist() == many.counts.tolist()
    assert one.first.events.offsets.tolist() == many.first.events.offsets.tolist()
    assert one.synops.tolist() == many.synops.tolist()


@pytest.mark.parametrize("encoder", [Encoder.RATE, Encoder.POISSON])
@pytest.mark.parametrize("gain", [0, 257, 3000])
def test_dark_places_of_a_frame_are_passed_without_a_difference(encoder: Encoder, gain: int) -> None:
    """The host's encoders pass eight zeros at once: any size, any pattern of dark and bright."""
    rng = np.random.default_rng(gain)
    for size in range(1, 41):
        network = Model(
            populations=(Population(name="p", size=1, frac=0, choices=LifChoices(fires=False), parameters={}),),
            projections=(
                Projection(
                    name="w",
                    source=0,
                    from_input=True,
                    target=0,
                    weights=rng.integers(-128, 128, (size, 1)).astype(np.int8),
                ),
            ),
            inputs=(
                InputPort(
                    name="in",
                    size=size,
                    shape=(size,),
                    encoder=encoder,
                    max_value=1,
                    max_sum=size,
                    capacity=size,
                    gain=gain,
                    seed=size if encoder is Encoder.POISSON else 0,
                ),
            ),
            outputs=(OutputPort(name="v", population=0, kind=OutputKind.POTENTIALS, decoder=Decoder.LAST, capacity=0),),
            ticks_per_sample=9,
        )
        bright = rng.random((3, size)) < rng.choice([0.0, 0.1, 0.5], (3, 1))
        frames = np.where(bright, rng.integers(1, 256, (3, size)), 0).astype(np.uint8)
        with Engine(network) as engine:
            found = engine.run_samples(frames)
        expected = [Reference(network).run(frame) for frame in frames]
        assert [result.first.scores.tolist() for result in expected] == found.first.scores.tolist()
        assert [result.stats[0].synops for result in expected] == found.synops[:, 0].tolist()


@pytest.mark.parametrize(
    ("data", "ticks", "message"),
    [
        ({"nobody": samples([])}, None, "no input port 'nobody'"),
        ({}, None, "no samples"),
        (np.zeros((2, 3), np.uint8), None, "takes EventSamples"),
        (EventSamples(np.zeros(2, EVENT), np.array([0, 1])), None, "offsets go from 0"),
        (EventSamples(np.zeros(2, EVENT), np.array([0, 3, 2])), None, "offsets go from 0"),
        (EventSamples(np.zeros(2, EVENT), np.array([[0, 2]])), None, "offsets are"),
        (EventSamples(np.zeros(2, np.int64), np.array([0, 2])), None, "dtype EVENT"),
        (samples([(0, 65535, 1)]), None, "neuron 65535"),
        (samples([(0, 0, 30000), (0, 0, 30000)]), None, "more than 32767"),
        (samples([], []), [1, 2, 3], "one for each of 2 samples"),
        (samples([], []), 1.5, "one whole number"),
        (samples([], []), -1, "0 to"),
        (samples([], []), 2**32, "0 to"),
    ],
)
def test_inputs_that_do_not_match_are_refused(data: Any, ticks: Any, message: str) -> None:
    """One sentence, and nothing has run."""
    with Engine(event_network(capacity=4)) as engine:
        before = engine.arena
        with pytest.raises(DataError, match=message):
            engine.run_samples(data, ticks)
        assert before == engine.arena


def test_frames_that_do_not_match_are_refused() -> None:
    """Shape, dtype, and the number of samples."""
    network = next(
        m for _, m in networks() if len(m.inputs) > 1 and all(p.encoder is not Encoder.EVENTS for p in m.inputs[:2])
    )
    one, other = network.inputs[:2]
    good = {one.name: np.zeros((3, one.size), np.uint8), other.name: np.zeros((3, other.size), np.uint8)}
    with Engine(network) as engine:
        engine.run_samples(good, 1)
        for bad, message in (
            (np.zeros((3, one.size + 1), np.uint8), "takes frames of shape"),
            (np.zeros(one.size, np.uint8), "takes frames of shape"),
            (np.zeros((3, one.size), np.int64), "uint8"),
            (np.zeros((2, one.size), np.uint8), "2 and 3 samples"),
        ):
            with pytest.raises(DataError, match=message):
                engine.run_samples({**good, one.name: bad}, 1)
        with pytest.raises(DataError, match="mapping"):
            engine.run_samples(good[one.name], 1)
