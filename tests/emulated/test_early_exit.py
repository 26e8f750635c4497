"""Samples end at the same tick with the same bits on every emulated board (semantics 5.1, wire 4)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikelet
from spikelet import Reference
from spikelet.datasets import DataSet
from spikelet.early_exit import trace, with_gap
from spikelet.emulator import EmulatedBoard, emulate
from spikelet.engine import Engine
from spikelet.events import as_events
from spikelet.model import Decoder, Encoder, Model
from spikelet.runner import Result, Runner, Variable
from support.random_models import random_model
from support.tools import UNICORN, need

TICKS, SAMPLES = 12, 5
ROOT = Path(__file__).resolve().parents[2]


@cache
def cases() -> list[tuple[Model, list[Any]]]:
    """Networks that end some samples early, events and frames, and their samples."""
    found = []
    for seed in range(60):
        encoder = list(Encoder)[seed % 5]
        model = random_model(seed, encoder=encoder)
        output = model.outputs[0]
        population = model.populations[output.population]
        if population.size < 2:
            continue
        decoder = Decoder.COUNT if population.choices.fires else Decoder.LARGEST
        outputs = (replace(output, decoder=decoder), *model.outputs[1:])
        model = replace(model, outputs=outputs, ticks_per_sample=TICKS, reset_between=True)
        given = [_inputs(model, sample) for sample in range(SAMPLES)]
        part: Any = given
        with Engine(model) as engine:
            data = DataSet(name="", parts={model.inputs[0].name: part}, labels=None, ticks=TICKS)
            ends = with_gap(model, int(np.median(trace(engine, data).gaps)))
        with Engine(ends) as engine:
            ticks = [engine.run(sample).ticks for sample in given]
        if 1 < min(ticks) < max(ticks):
            found.append((ends, given))
    return found


def _inputs(model: Model, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    port = model.inputs[0]
    if port.encoder is Encoder.EVENTS:
        return as_events((rng.integers(0, 6, (TICKS, port.size)) == 0).astype(np.uint8))
    return rng.integers(0, 256, port.size).astype(np.uint8)


def same(a: Result, b: Result) -> None:
    """Ticks, scores, events, statistics, every variable of every tick."""
    assert a.ticks == b.ticks
    assert list(a.stats) == list(b.stats)
    for name, out in a.outputs.items():
        assert out.events.tolist() == b.outputs[name].events.tolist()
        assert out.scores.tolist() == b.outputs[name].scores.tolist()
    for key, values in a.probes.items():
        assert values.tolist() == b.probes[key].tolist(), key


def compare(board: Runner, model: Model, given: list[Any], *, probe: bool = True) -> None:
    """Samples one behind the other, without a reset between them, on a board, the host and the reference."""
    probes = [(p.name, v) for p in model.populations for v in (Variable.V, Variable.QUIET)] if probe else []
    with Engine(model) as engine, Reference(model) as reference:
        for number, sample in enumerate(given):
            first = engine.run(sample, reset=number == 0, probe=probes)
            for other in (reference, board):
                same(first, other.run(sample, reset=number == 0, probe=probes))
                assert other.tick_number == engine.tick_number == (number + 1) * TICKS


def test_there_are_cases_of_events_and_frames() -> None:
    """Each encoder is among those that end early."""
    assert {model.inputs[0].encoder for model, _ in cases()} == set(Encoder)


def test_unicorn_boards_end_samples_as_the_host_and_the_reference(unicorn: EmulatedBoard) -> None:
    """Five networks on each board and compiler."""
    for model, given in cases()[:5]:
        unicorn.use(model)
        compare(unicorn, model, given)


@pytest.mark.slow
def test_qemu_boards_end_samples_as_the_host_and_the_reference(qemu: EmulatedBoard) -> None:
    """The same on the machines of another emulator."""
    for model, given in cases()[:2]:
        qemu.use(model)
        compare(qemu, model, given[:3], probe=False)


@pytest.mark.parametrize("name", UNICORN)
def test_an_embedded_model_ends_its_samples(name: str) -> None:
    """The firmware of one model links what a gap needs, and only then."""
    need(name, "zig")
    model, given = next(case for case in cases() if case[0].inputs[0].encoder is Encoder.EVENTS)
    with emulate(model, name, compiler="zig", embed=True, count=False) as board:
        compare(board, model, given, probe=False)


def test_digits_take_fewer_ticks_and_instructions_on_a_board() -> None:
    """examples/digits, a margin from calibration data: counted, with the ticks of the host."""
    need("cortex-m4", "zig")
    with np.load(ROOT / "examples" / "digits" / "digits_calib.npz") as file:
        frames, labels = file["x"], file["y"]
    model = spikelet.convert(
        ROOT / "examples" / "digits" / "digits.nir",
        framework="snntorch",
        reset="zero",
        encoder="rate",
        ticks_per_sample=20,
        early_exit="auto",
        calibration=frames,
        calibration_labels=labels,
    )
    with np.load(ROOT / "examples" / "digits" / "digits_test.npz") as file:
        test = file["x"][:4].reshape(4, -1)
    with Engine(model) as engine, emulate(model, "cortex-m4", compiler="zig") as board:
        counts = {}
        for early in (True, False):
            board.instructions(reset=True)
            for frame in test:
                same(engine.run(frame, early=early), board.run(frame, early=early))
            counts[early] = board.instructions().engine
        ticks = [engine.run(frame).ticks for frame in test]

    assert sum(ticks) < 4 * 20
    assert counts[True] < counts[False] * (0.2 + sum(ticks) / 80)
