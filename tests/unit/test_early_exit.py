"""Early exits: what each tick would have said, margins that lose little, runs that stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelet import Reference
from spikelet.datasets import DataSet, load
from spikelet.early_exit import KEY, Trace, choose_margin, gap, margin_of, steps, table, trace, with_gap, with_margin
from spikelet.engine import Engine
from spikelet.errors import DataError
from spikelet.evaluate import evaluate
from spikelet.model import Decoder, Encoder, Model
from support.random_models import random_model

TICKS = 9


def scored(seed: int) -> Model:
    """A random model with scores."""
    model = random_model(seed)
    fires = model.populations[model.outputs[0].population].choices.fires
    first = replace(model.outputs[0], decoder=Decoder.COUNT if fires else Decoder.LAST)
    return replace(model, outputs=(first, *model.outputs[1:]), ticks_per_sample=0)


def samples(folder: Path, model: Model) -> DataSet:
    """Random frames or events, with labels."""
    rng = np.random.default_rng(7)
    size = model.populations[model.outputs[0].population].size
    arrays: dict[str, Any] = {"y": rng.integers(0, size, 6)}
    for port in model.inputs:
        prefix = f"{port.name}." if len(model.inputs) > 1 else ""
        if port.encoder is Encoder.EVENTS:
            values = rng.integers(0, 8, (6, TICKS, port.size)) == 0
            arrays[f"{prefix}x"] = values.astype(np.uint8)
        else:
            arrays[f"{prefix}x"] = rng.integers(0, 256, (6, port.size)).astype(np.uint8)
    np.savez(folder / "data.npz", **arrays)
    return load(folder / "data.npz", model, ticks=TICKS)


def usable(seeds: range) -> list[int]:
    """Random models with at least two outputs that are compared."""
    return [s for s in seeds if (m := scored(s)).populations[m.outputs[0].population].size > 1]


SEEDS = usable(range(24))[:10]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_trace_is_what_runs_of_each_length_say(seed: int, tmp_path: Path) -> None:
    """Predictions, spikes and synaptic operations of every tick, on host and reference; events and frames."""
    model = scored(seed)
    data = samples(tmp_path, model)
    with Engine(model) as engine, Reference(model) as reference:
        found, other = trace(engine, data), trace(reference, data)
        for ticks in range(1, TICKS + 1):
            for sample in range(len(data)):
                result = engine.run(data.inputs(sample), ticks)
                place = (sample, ticks - 1)
                assert found.predictions[place] == result.prediction
                assert found.gaps[place] == gap(result.first.scores)
                assert found.spikes[place] == sum(entry.events for entry in result.stats)
                assert found.synops[place] == sum(entry.synops for entry in result.stats)
    for name in ("predictions", "gaps", "spikes", "synops"):
        assert np.array_equal(getattr(found, name), getattr(other, name))


@pytest.mark.parametrize("seed", SEEDS)
def test_runs_that_stop_are_those_of_the_trace(seed: int, tmp_path: Path) -> None:
    """A gap: ticks, predictions, spikes, synaptic operations, outputs' counts of the ticks that ran."""
    model = scored(seed)
    data = samples(tmp_path, model)
    with Engine(model) as engine:
        found = trace(engine, data)
        margin = int(np.median(found.gaps))
        counts = [engine.run(data.inputs(i), int(found.exits(margin)[i])).counts for i in range(len(data))]
    ends = with_gap(replace(model, ticks_per_sample=TICKS), margin)
    with Engine(ends) as engine, Reference(ends) as reference:
        results = [evaluate(runner, data) for runner in (engine, reference)]
    predictions, spikes, synops = found.at(found.exits(margin))

    for result in results:
        assert np.array_equal(result.ticks, found.exits(margin))
        assert np.array_equal(result.predictions, predictions)
        assert np.array_equal(result.spikes.sum(axis=1), spikes)
        assert np.array_equal(result.synops.sum(axis=1), synops)
        assert np.array_equal(result.counts, counts)
    assert results[0].ticks.min() < TICKS or not found.gaps.any()


def test_without_an_early_exit_samples_run_to_their_end(tmp_path: Path) -> None:
    """`ticks` tells it, from one call for many samples and one by one."""
    model = scored(SEEDS[0])
    data = samples(tmp_path, model)
    with Engine(model) as engine, Reference(model) as reference:
        assert evaluate(engine, data).ticks.tolist() == evaluate(reference, data).ticks.tolist() == [TICKS] * 6


def made(predictions: Any, gaps: Any, labels: Any) -> Trace:
    """A trace of numbers."""
    shape = np.shape(gaps)
    work = np.cumsum(np.ones(shape, np.int64), axis=1)
    return Trace(
        predictions=np.array(predictions), gaps=np.array(gaps), spikes=work, synops=10 * work, labels=np.array(labels)
    )


def test_exits_are_the_first_tick_above_the_margin() -> None:
    """A gap as large as the margin is not above it; who never gets there takes all ticks."""
    found = made([[0, 1, 1], [0, 0, 2]], [[1, 5, 2], [1, 1, 1]], [1, 2])

    assert found.exits(0).tolist() == [1, 1]
    assert found.exits(1).tolist() == [2, 3]
    assert found.exits(4).tolist() == [2, 3]
    assert found.exits(5).tolist() == [3, 3]


def test_the_margin_is_the_smallest_from_which_on_little_is_lost() -> None:
    """A smaller one that is right by chance, below one that loses, is not taken."""
    # By 0: right. By 3: sample 1 says 0, wrong. From 4 on: right.
    found = made([[1, 0, 1], [2, 2, 2]], [[2, 4, 9], [4, 9, 9]], [1, 2])

    assert [found.accuracy(found.exits(m)) for m in (0, 2, 3, 4)] == [1.0, 0.5, 0.5, 1.0]
    assert choose_margin(found, loss=0) == 4
    assert choose_margin(found, loss=50) == 2


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.1, 5.0, 100.0]), st.booleans())
def test_a_chosen_margin_loses_at_most_what_was_allowed(seed: int, loss: float, labelled: bool) -> None:
    """On the samples that it was chosen on; without labels against what the last tick says."""
    rng = np.random.default_rng(seed)
    predictions, gaps = rng.integers(0, 3, (20, 6)), rng.integers(0, 30, (20, 6))
    found = replace(made(predictions, gaps, rng.integers(0, 3, 20)), **({} if labelled else {"labels": None}))
    margin = choose_margin(found, loss=loss)

    assert found.accuracy(found.exits(margin)) >= found.accuracy(6) - loss / 100 - 1e-9
    if not labelled:
        assert found.accuracy(6) == 1.0


def test_a_table_has_powers_of_two_all_ticks_and_margins() -> None:
    """Means over samples."""
    found = made(np.zeros((2, 6), int), [[1, 1, 1, 9, 9, 9], [9, 9, 9, 9, 9, 9]], [0, 1])
    rows = table(found, [5])

    assert [(row.ticks, row.margin) for row in rows] == [(1, None), (2, None), (4, None), (6, None), (2.5, 5)]
    assert [row.synops for row in rows] == [10, 20, 40, 60, 25]
    assert {row.accuracy for row in rows} == {0.5}


def test_a_margin_is_kept_with_the_model() -> None:
    """In its meta; a model without one says how to get it."""
    model = replace(random_model(SEEDS[0]), meta={})
    known = replace(model, meta={KEY: {"margin": 17}})

    assert margin_of(known) == 17
    for meta in ({}, {KEY: {}}, {KEY: {"margin": True}}, {KEY: 5}):
        with pytest.raises(DataError, match="--spikes --calibration"):
            margin_of(replace(model, meta=meta))


def test_an_output_without_scores_cannot_be_compared(tmp_path: Path) -> None:
    """Before anything runs."""
    model = scored(SEEDS[0])
    mute = replace(model, outputs=(replace(model.outputs[0], decoder=Decoder.NONE), *model.outputs[1:]))
    data = samples(tmp_path, model)
    with Engine(mute) as engine, pytest.raises(DataError, match="decoder none"):
        trace(engine, data)
    with pytest.raises(DataError, match="decoder none"):
        with_gap(replace(mute, ticks_per_sample=TICKS), 1)


def test_steps_begin_anew_for_every_sample(tmp_path: Path) -> None:
    """What ran before changes nothing."""
    model = scored(SEEDS[0])
    data = samples(tmp_path, model)
    with Engine(model) as engine:
        first = [engine.scores().tolist() for _ in steps(engine, data.inputs(0), TICKS)]
        list(steps(engine, data.inputs(1), 3))
        assert first == [engine.scores().tolist() for _ in steps(engine, data.inputs(0), TICKS)]


def test_labels_of_calibration_have_to_fit() -> None:
    """One whole number a sample."""
    model = scored(SEEDS[0])
    with pytest.raises(DataError, match="calibration_labels are float64"):
        with_margin(model, np.zeros((2, model.inputs[0].size), np.uint8), np.zeros(2))
