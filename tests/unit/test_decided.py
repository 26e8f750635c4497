"""Samples that end early (semantics 5.1): host, many at once, reference; what passes, and what is dropped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spikelet import Reference
from spikelet.datasets import DataSet
from spikelet.early_exit import gap, trace, with_early_exit, with_gap, without_gap
from spikelet.engine import Engine
from spikelet.errors import DataError, EngineError, ModelError
from spikelet.events import EVENT, EventArray
from spikelet.image import decode, encode
from spikelet.model import Decoder, Encoder, Model, OutputKind
from spikelet.runner import Result, Runner, Variable
from spikelet.samples import EventSamples
from support.random_models import random_model

TICKS = 9
N = 6


def windowed(seed: int, ticks: int = TICKS) -> Model:
    """A random model with scores and a window."""
    model = random_model(seed)
    fires = model.populations[model.outputs[0].population].choices.fires
    first = replace(model.outputs[0], decoder=Decoder.COUNT if fires else Decoder.LAST)
    return replace(model, outputs=(first, *model.outputs[1:]), ticks_per_sample=ticks, reset_between=True, meta={})


def comparable(seeds: range) -> list[int]:
    """Random models with at least two outputs that are compared."""
    return [s for s in seeds if (m := windowed(s)).populations[m.outputs[0].population].size > 1]


SEEDS = comparable(range(40))[:16]


def inputs_of(model: Model, seed: int, ticks: int = TICKS) -> dict[str, Any]:
    """A sample: events or a frame for each port."""
    rng = np.random.default_rng(seed)
    given: dict[str, Any] = {}
    for port in model.inputs:
        if port.encoder is not Encoder.EVENTS:
            given[port.name] = rng.integers(0, 256, port.size).astype(np.uint8)
            continue
        tick, neuron = np.nonzero(rng.integers(0, 8, (ticks, port.size)) == 0)
        events = np.zeros(len(tick), EVENT)
        events["tick"], events["neuron"], events["value"] = tick, neuron, 1
        given[port.name] = events
    return given


def median_gap(model: Model, given: list[dict[str, Any]]) -> int:
    """A margin that ends some samples early."""
    with Engine(model) as engine:
        parts = {name: [sample[name] for sample in given] for name in given[0]}
        found = trace(engine, DataSet(name="", parts=parts, labels=None, ticks=model.ticks_per_sample))
    return int(np.median(found.gaps))


def same(a: Result, b: Result) -> bool:
    """All of two results."""
    assert a.ticks == b.ticks
    assert a.stats == b.stats
    for name, out in a.outputs.items():
        other = b.outputs[name]
        assert out.prediction == other.prediction
        assert out.scores.tolist() == other.scores.tolist()
        assert out.events.tolist() == other.events.tolist()
    return True


@pytest.mark.parametrize("seed", SEEDS)
def test_samples_end_at_the_same_tick_with_the_same_bits_everywhere(seed: int) -> None:
    """5.1: host and reference, sample after sample, every variable of every tick; and all at once."""
    model = windowed(seed)
    given = [inputs_of(model, sample) for sample in range(N)]
    ends = with_gap(model, median_gap(model, given))
    probes = [(p.name, variable) for p in ends.populations for variable in Variable]
    with Engine(ends) as engine, Reference(ends) as reference, Engine(ends) as other:
        for number, sample in enumerate(given):
            a = engine.run(sample, reset=number == 0, probe=probes)
            b = reference.run(sample, reset=number == 0, probe=probes)
            assert same(a, b)
            for key, rows in a.probes.items():
                assert len(rows) == a.ticks
                assert rows.tolist() == b.probes[key].tolist()
            assert engine.tick_number == reference.tick_number == (number + 1) * TICKS
            fresh = other.run(sample)
            assert (fresh.ticks, fresh.prediction) == (a.ticks, a.prediction)
        many = other.run_samples(
            {
                port.name: np.stack([s[port.name] for s in given])
                if port.encoder is not Encoder.EVENTS
                else EventSamples.of([s[port.name] for s in given])
                for port in ends.inputs
            },
            events=True,
        )
        for number, sample in enumerate(given):
            alone = other.run(sample)
            assert many.ticks[number] == alone.ticks
            assert many.predictions[number] == alone.prediction
            assert many.synops[number].tolist() == [entry.synops for entry in alone.stats]
            for name, out in alone.outputs.items():
                assert many.outputs[name].scores[number].tolist() == out.scores.tolist()
                assert many.outputs[name].events[number].tolist() == out.events.tolist()


def test_some_samples_end_early_and_some_do_not() -> None:
    """The models above are worth something."""
    found = []
    for seed in SEEDS:
        model = windowed(seed)
        given = [inputs_of(model, sample) for sample in range(N)]
        with Engine(with_gap(model, median_gap(model, given))) as engine:
            found += [engine.run(sample).ticks for sample in given]
    assert min(found) < TICKS
    assert max(found) == TICKS
    assert len(set(found)) > 4


@pytest.mark.parametrize("seed", SEEDS[:6])
def test_an_early_end_changes_nothing_about_the_next_sample(seed: int) -> None:
    """5.1: tick numbers (and with them Poisson spikes) and state are those of whole samples."""
    model = windowed(seed)
    given = [inputs_of(model, sample) for sample in range(3)]
    margin = median_gap(model, given)
    with Engine(with_gap(model, margin)) as early, Engine(with_gap(model, margin)) as whole:
        for number, sample in enumerate(given):
            early.run(sample, reset=number == 0, early=True)
            whole.run(sample, reset=number == 0, early=False)
        assert early.tick_number == whole.tick_number == 3 * TICKS
        last = inputs_of(model, 99)
        a = early.run(last, reset=False, early=False)
        b = whole.run(last, reset=False, early=False)
    assert a.ticks == b.ticks == TICKS
    for name, out in a.outputs.items():
        assert out.scores.tolist() == b.outputs[name].scores.tolist()
        assert out.events.tolist() == b.outputs[name].events.tolist()


def events_model() -> Model:
    """Of the models, one with an input that takes events and an output that keeps them."""
    for seed in SEEDS:
        model = windowed(seed)
        if model.inputs[0].encoder is Encoder.EVENTS and len(model.inputs) == 1:
            return model
    raise AssertionError("no such model")


def spikes(*pairs: tuple[int, int]) -> EventArray:
    """Events of value 1."""
    events = np.zeros(len(pairs), EVENT)
    events["tick"], events["neuron"], events["value"] = *zip(*pairs, strict=True), 1
    return events


@pytest.mark.parametrize("kind", [Engine, Reference])
def test_events_of_ticks_that_pass_are_dropped_and_later_ones_stay(kind: type[Runner]) -> None:
    """5.1: also where the queue's indices wrap; an event for a tick that has passed is refused."""
    model = events_model()
    port = replace(model.inputs[0], capacity=4, max_sum=8)
    first = replace(model.outputs[0], gap=1)
    model = replace(model, inputs=(port,), outputs=(first, *model.outputs[1:]))
    plain = without_gap(model)
    with kind(model) as runner, Engine(plain) as clean:
        for _ in range(7):
            start = runner.tick_number
            runner.push(spikes((start, 0), (start + 5, 1), (start + TICKS - 1, 0), (start + TICKS + 1, 1)))
            done = 0
            while runner.tick_number == start + done and done < 2:
                done += runner.advance_early(1)
                for out in range(len(model.outputs)):
                    runner.take(out)
            if runner.tick_number == start + done:
                runner.advance(TICKS - done)
            assert runner.tick_number == start + TICKS
            with pytest.raises(EngineError, match="tick"):
                runner.push(spikes((start + TICKS - 1, 0)))
            # One event waits: three more fit, four do not.
            with pytest.raises(EngineError):
                runner.push(spikes(*[(start + TICKS + 2, 0)] * 4))
            runner.push(spikes(*[(start + TICKS + 2, 0)] * 3))
            runner.advance(TICKS)
            for out in range(len(model.outputs)):
                runner.take(out)
        assert clean.advance(1) == 1


def test_spikes_that_wait_for_a_tick_that_passes_are_dropped() -> None:
    """Those of push_spikes, which lie in the port's list."""
    model = events_model()
    ends = replace(model, outputs=(replace(model.outputs[0], gap=1), *model.outputs[1:]))
    with Engine(ends) as engine, Engine(ends) as other:
        from spikelet._native import lib

        engine.advance(1)
        other.advance(1)
        engine.push_spikes(np.array([0, 1], np.uint16))
        lib.spkl_end_sample(engine._net)
        lib.spkl_end_sample(other._net)
        for one in (engine, other):
            one.push(spikes(*[(TICKS, 0)] * min(model.inputs[0].capacity, model.inputs[0].max_sum)))
            one.advance(TICKS)
        assert [engine.probe(p, Variable.V).tolist() for p in range(len(model.populations))] == [
            other.probe(p, Variable.V).tolist() for p in range(len(model.populations))
        ]


def test_the_engine_tells_ticks_and_decision_until_the_next_sample_begins() -> None:
    """spkl_sample_ticks, spkl_decided; spkl_end_sample twice does nothing."""
    from spikelet._native import ffi, lib

    model = windowed(SEEDS[0])
    given = [inputs_of(model, sample) for sample in range(N)]
    ends = with_gap(model, median_gap(model, given))
    with Engine(ends) as engine:
        used = [engine.run(sample).ticks for sample in given]
        sample = given[int(np.argmin(used))]
        engine.run(sample)
        held = ffi.new("struct spkl_output *")
        for _ in range(2):
            assert lib.spkl_output(engine._net, 0, held) == 0
            assert lib.spkl_sample_ticks(engine._net) == min(used)
            assert held.ticks == min(used) + (TICKS if min(used) < TICKS else 0)
            assert lib.spkl_decided(engine._net) == 1
            assert gap(engine.scores()) >= ends.outputs[0].gap
            assert engine.tick_number == TICKS
            lib.spkl_end_sample(engine._net)
        engine.advance(1)
        assert lib.spkl_sample_ticks(engine._net) == 1
        assert engine.tick_number == TICKS + 1


def test_without_a_gap_or_a_window_no_sample_ends() -> None:
    """advance_early is advance; spkl_end_sample does nothing without a window."""
    from spikelet._native import lib

    model = windowed(SEEDS[0])
    endless = replace(model, ticks_per_sample=0)
    with Engine(model) as engine, Engine(endless) as other, Reference(model) as reference:
        for one in (engine, other, reference):
            assert one.advance_early(5) == 5
            assert one.tick_number == 5
        lib.spkl_end_sample(other._net)
        assert other.tick_number == 5
        assert lib.spkl_decided(other._net) == 0


def test_all_ports_with_a_gap_have_to_be_decided() -> None:
    """5.1: one port does not end what another has not decided."""
    for seed in SEEDS:
        model = windowed(seed)
        index = model.outputs[0].population
        if model.outputs[0].kind is not OutputKind.EVENTS:
            continue
        given = [inputs_of(model, sample) for sample in range(N)]
        margin = median_gap(model, given)
        low = replace(model.outputs[0], gap=margin + 1)
        high = replace(model.outputs[0], name="other", gap=2**32 - 1)
        both = replace(model, outputs=(low, high))
        one = replace(model, outputs=(low, replace(high, gap=0)))
        assert both.populations[index].size > 1
        with Engine(both) as engine, Reference(both) as reference, Engine(one) as other:
            ticks = [engine.run(sample).ticks for sample in given]
            assert ticks == [reference.run(sample).ticks for sample in given] == [TICKS] * N
            if min(other.run(sample).ticks for sample in given) < TICKS:
                return
    raise AssertionError("no sample ended by the first port")


def test_samples_longer_than_the_window_go_on_with_the_next_one() -> None:
    """A run over three windows: each ends by itself."""
    for seed in SEEDS:
        model = windowed(seed)
        given = inputs_of(model, 5, 3 * TICKS)
        ends = with_gap(model, median_gap(model, [inputs_of(model, 1), inputs_of(model, 2)]))
        with Engine(ends) as engine, Reference(ends) as reference:
            a, b = engine.run(given, 3 * TICKS), reference.run(given, 3 * TICKS)
            assert same(a, b)
            assert engine.tick_number == 3 * TICKS
            assert a.ticks <= 3 * TICKS


def test_an_image_keeps_the_gap() -> None:
    """Image 7."""
    model = with_gap(windowed(SEEDS[0]), 41)

    assert decode(encode(model)).outputs[0].gap == 42
    assert encode(decode(encode(model))) == encode(model)
    assert decode(encode(without_gap(model))).outputs[0].gap == 0


def test_what_cannot_end_early_is_refused() -> None:
    """No window, state that is kept, no margin, no data."""
    model = windowed(SEEDS[0])
    with pytest.raises(ModelError, match="needs ticks_per_sample"):
        with_gap(replace(model, ticks_per_sample=0), 3)
    with pytest.raises(ModelError, match="reset_between"):
        with_gap(replace(model, reset_between=False), 3)
    with pytest.raises(DataError, match="give calibration"):
        with_early_exit(model, "auto")
    for margin in (-1, 2**32 - 1, "soon", True):
        with pytest.raises(DataError, match="give 'auto', or a margin"):
            with_early_exit(model, margin)
    assert with_early_exit(model, 5).outputs[0].gap == 6


def test_a_margin_is_chosen_on_calibration_data() -> None:
    """Events or frames, with labels; what it promises holds on them."""
    for seed in SEEDS[:5]:
        model = windowed(seed)
        given = [inputs_of(model, sample) for sample in range(N)]
        labels = np.arange(N) % model.populations[model.outputs[0].population].size
        calibration = {port.name: [sample[port.name] for sample in given] for port in model.inputs}
        ends = with_early_exit(model, "auto", calibration, labels, loss=5)
        record = ends.meta["early_exit"]
        with Engine(ends) as engine:
            results = [engine.run(sample) for sample in given]
            whole = [engine.run(sample, early=False) for sample in given]
        right = np.mean([r.prediction for r in results] == labels)
        assert right >= np.mean([r.prediction for r in whole] == labels) - 0.05 - 1e-9
        assert record["accuracy"] == pytest.approx(right, abs=1e-6)
        assert record["ticks"] == pytest.approx(np.mean([r.ticks for r in results]), abs=1e-3)
        assert ends.outputs[0].gap == record["margin"] + 1
