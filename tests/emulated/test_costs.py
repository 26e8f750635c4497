"""Instructions that a budget models, against emulation, on networks that no cost was fitted to."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from benchmarks.costs.board import GROUPS, Bare
from benchmarks.costs.fitting import cost_of
from benchmarks.costs.runs import Case, Row, rows_of
from benchmarks.instructions import workload
from benchmarks.instructions.machine import BOARDS

from paths import ROOT, data
from spikelet import board_files
from spikelet.budget import budget
from spikelet.budget_costs import costs_folder, load
from spikelet.budget_rates import measured
from spikelet.budget_terms import Work
from spikelet.converters import convert
from spikelet.datasets import DataSet
from spikelet.datasets import load as load_data
from spikelet.emulator import emulate
from spikelet.events import EventArray, from_dense
from spikelet.fit import cost
from spikelet.model import Encoder, Model
from support import nmnist
from support.random_models import random_events, random_model, wide_random_model
from support.tools import COMPILERS, need, need_compiler

pytestmark = pytest.mark.slow

#: How far the sum over many ticks may be from what is counted.
TOLERANCE = 0.05


def digits() -> Model:
    """The digits of scikit-learn, encoded on the board."""
    return convert(
        ROOT / "examples" / "digits" / "digits.nir",
        framework="snntorch",
        reset="zero",
        encoder="rate",
        ticks_per_sample=25,
    )


def _digits() -> Case:
    model = digits()
    with np.load(ROOT / "examples" / "digits" / "digits_test.npz") as file:
        pictures = file["x"][:6].reshape(6, -1)
    return Case(name="digits", model=model, samples=[{model.inputs[0].name: x} for x in pictures], ticks=25)


def _mnist() -> Case:
    model = workload.network("zero")
    kind = workload.kinds_of_data()[-1]
    samples = [{model.inputs[0].name: workload.events_of(x)} for x in workload.digits(kind, 3)]
    return Case(name="mnist", model=model, samples=samples, ticks=workload.TICKS)


def _braille() -> Case:
    """A recurrent network for Braille letters."""
    model = convert(data("nir/braille_noDelay_noBias_subtract.nir"), framework="snntorch", reset="subtract")
    rng = np.random.default_rng(1)
    dense = (rng.random((120, 12)) < 0.08) & (rng.random((120, 1)) < 0.75)
    return Case(name="braille", model=model, samples=[{model.inputs[0].name: from_dense(dense.astype(int))}], ticks=120)


def _recording() -> Case:
    """The CNN for N-MNIST on its recording."""
    model = nmnist.cnn()
    events = nmnist.recording(1000)
    return Case(name="cnn", model=model, samples=[{model.inputs[0].name: _until(events, 40)}], ticks=40)


def _until(events: EventArray, ticks: int) -> EventArray:
    return events[events["tick"] < ticks]


def _random(seed: int, encoder: Encoder = Encoder.EVENTS) -> Case:
    """A random network with projections of every kind, populations of all choices, delays and blocks."""
    model = wide_random_model(seed, encoder=encoder)
    name = model.inputs[0].name
    if encoder is Encoder.EVENTS:
        return Case(name=f"random {seed}", model=model, samples=[{name: random_events(seed, model, 60)}], ticks=60)
    rng = np.random.default_rng(seed)
    frames: list[dict[str, Any]] = [{name: rng.integers(0, 256, model.inputs[0].size).astype(np.uint8)} for _ in "123"]
    return Case(name=f"random {encoder.name} {seed}", model=model, samples=frames, ticks=25)


def _plain(seed: int) -> Case:
    model = random_model(seed, plain=True)
    events = random_events(seed, model, 60)
    return Case(name=f"plain {seed}", model=model, samples=[{model.inputs[0].name: events}], ticks=60)


#: Each random network is small, and one kind of its kernels may be all of it.
CASES: dict[str, Callable[[], Case]] = {
    "digits": _digits,
    "mnist": _mnist,
    "braille": _braille,
    "cnn": _recording,
    **{f"plain {seed}": lambda seed=seed: _plain(seed) for seed in range(3)},  # type: ignore[misc]
    **{f"random {seed}": lambda seed=seed: _random(seed) for seed in range(100, 116)},  # type: ignore[misc]
    "random rate": lambda: _random(7, Encoder.RATE),
    "random poisson": lambda: _random(8, Encoder.POISSON),
}


@pytest.fixture(scope="module", params=[(core, compiler) for core in BOARDS for compiler in COMPILERS], ids=" ".join)
def bare(request: pytest.FixtureRequest) -> tuple[str, str, Bare]:
    """A bare core."""
    core, compiler = request.param
    need_compiler(board_files.load(BOARDS[core]).arch, compiler)
    return core, compiler, Bare(core, compiler)


def errors(rows: Sequence[Row], terms: Any) -> dict[str, float]:
    """How far ticks, and pushes, are from what was counted, over the whole run."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in rows:
        both = sums["tick" if row.part in GROUPS else "push"]
        both[0] += row.counted
        both[1] += cost_of(row, terms)
    return {what: made / counted - 1 for what, (counted, made) in sums.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_run_takes_what_is_modelled(bare: tuple[str, str, Bare], name: str) -> None:
    """Within 5 % over all ticks, on every core, built by each compiler."""
    core, compiler, machine = bare
    board = board_files.load(BOARDS[core])
    costs = load(board, compiler)
    if costs.version != machine.compiler:
        pytest.skip(f"the costs are of {costs.version}: python -m benchmarks.costs --update")
    found = errors(rows_of(machine, CASES[name](), board.kernels), costs.terms)

    assert abs(found["tick"]) <= TOLERANCE, f"{found['tick']:+.1%}"
    assert abs(found.get("push", 0.0)) <= 2 * TOLERANCE, f"{found['push']:+.1%}"


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("core", BOARDS)
def test_a_firmware_takes_what_is_modelled(core: str, compiler: str) -> None:
    """Digits on the emulated board, through the protocol; and its worst tick."""
    need(BOARDS[core], compiler)
    board, model = board_files.load(BOARDS[core]), digits()
    samples = load_data(ROOT / "examples" / "digits" / "digits_test.npz", model).take(3)
    made = budget(model, board, compiler=compiler, data=samples)
    with emulate(model, board, compiler=compiler, embed=True) as running:
        if running.build.compiler != made.compiler:
            pytest.skip(f"the costs are of {made.compiler}: python -m benchmarks.costs --update")
        ticks = [tick.engine for i in range(3) for tick in running.instructions_by_tick(samples.inputs(i))]
    worst = cost(model, board, compiler=compiler).worst

    assert made.typical.instructions == pytest.approx(np.mean(ticks), rel=TOLERANCE)
    assert made.worst.instructions == pytest.approx(worst, rel=TOLERANCE)


def test_synops_of_a_budget_are_the_engines() -> None:
    """Counted by the engine, over a recording and on random networks."""
    for make in (_recording, *(lambda seed=seed: _random(seed) for seed in range(100, 110))):
        case = make()
        name = case.model.inputs[0].name
        held = DataSet(name="", parts={name: [case.samples[0][name]]}, labels=None, ticks=case.ticks)
        found = measured(Work(case.model, ("armdsp", "packed", "ref")), held)
        from spikelet.engine import Engine

        stats = Engine(case.model).run({name: case.samples[0][name]}, case.ticks).stats
        assert [found.synops["population", i] for i in range(len(stats))] == [own.synops for own in stats]
        assert [found.events["population", i] for i in range(len(stats))] == [own.events for own in stats]


def test_costs_of_every_core_and_compiler_are_kept() -> None:
    """The same terms for the same kernels, and none below 0."""
    found = [json.loads(file.read_text()) for file in sorted(costs_folder().glob("*.json"))]

    assert {(costs["core"], costs["compiler"]) for costs in found} == {
        (board_files.load(name).core, compiler) for name in BOARDS.values() for compiler in ("gcc", "zig")
    }
    by_kernels = defaultdict(list)
    for costs in found:
        by_kernels[costs["kernels"][0]].append(set(costs["terms"]))
        assert min(costs["terms"].values()) >= 0
    assert all(terms == own[0] for own in by_kernels.values() for terms in own)


def test_a_core_that_nobody_counted_has_no_instructions() -> None:
    """Bytes and synaptic operations are told all the same."""
    made = budget(replace(random_model(1, plain=True)), "mps3-an547", compiler="gcc")

    assert made.counted is None
    assert made.worst.instructions is None
    assert made.worst.synops > 0
