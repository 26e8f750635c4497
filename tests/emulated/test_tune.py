"""`spikelet tune`: counted choices of layouts, blocks and kernels, with the same bits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikelet.board_files import load as load_board
from spikelet.datasets import DataSet
from spikelet.engine import Engine
from spikelet.errors import BoardError
from spikelet.events import from_dense
from spikelet.firmware import build
from spikelet.image import encode, load
from spikelet.model import (
    Decoder,
    InputPort,
    LifChoices,
    Model,
    OutputPort,
    Population,
    Projection,
    ProjectionKind,
    ResetKind,
)
from spikelet.tune import Tuned, tune
from spikelet.tune_candidates import layouts
from support.command_line import spikelet
from support.graded_networks import corpus
from support.tools import COMPILERS, need

pytestmark = pytest.mark.slow

BOARD = "cortex-m4"


def network() -> Model:
    """Dense rows of which a tenth of the blocks of four are not 0, and dense ones of 4 bits behind."""
    rng = np.random.default_rng(1)
    there = np.repeat(rng.random((40, 20)) < 0.1, 4, axis=1)
    first = np.where(there, rng.integers(-60, 90, (40, 80)), 0).astype(np.int8)
    second = rng.integers(-8, 8, (80, 12)).astype(np.int8)
    choices = LifChoices(reset_kind=ResetKind.SUBTRACT)

    def population(name: str, size: int, above: int) -> Population:
        numbers = {"decay_v": 60000, "fire_above": above, "reset": above}
        parameters = {key: np.array([value], np.int32) for key, value in numbers.items()}
        return Population(name=name, size=size, frac=4, choices=choices, parameters=parameters)

    return Model(
        populations=(population("hidden", 80, 1200), population("out", 12, 300)),
        projections=(
            Projection(name="first", source=0, from_input=True, target=0, weights=first),
            Projection(name="second", source=0, from_input=False, target=1, weights=second, bits=4),
        ),
        inputs=(InputPort(name="in", size=40, shape=(40,), max_sum=40, capacity=41),),
        outputs=(OutputPort(name="out", population=1, decoder=Decoder.COUNT, capacity=24),),
        ticks_per_sample=20,
    )


def samples() -> DataSet:
    """Two samples, a tenth of whose inputs fires."""
    rng = np.random.default_rng(2)
    events = [from_dense((rng.random((20, 40)) < 0.1).astype(np.int64)) for _ in range(2)]
    return DataSet(name="some", parts={"in": events}, labels=None, ticks=20)


@pytest.fixture(scope="module")
def tuned() -> Tuned:
    """The network, tuned."""
    need(BOARD, COMPILERS[0])
    return tune(network(), BOARD, data=samples(), compiler=COMPILERS[0])


def test_the_layout_that_needs_fewest_instructions_is_chosen(tuned: Tuned) -> None:
    """Blocks of four for the first projection; of every part the chosen way is the least."""
    by_part: dict[str, list[Any]] = {}
    for trial in tuned.trials:
        by_part.setdefault(trial.part, []).append(trial)

    assert tuned.gains
    assert tuned.model.projections[0].kind is ProjectionKind.SPARSE4
    assert {"projection first", "projection second", "population hidden", "kernel event_queue"} <= set(by_part)
    for trials in by_part.values():
        assert sum(trial.chosen for trial in trials) == 1
        chosen = next(trial for trial in trials if trial.chosen)
        assert chosen.instructions == min(trial.instructions for trial in trials if trial.instructions is not None)
    assert tuned.model.meta["tuned"]["instructions"] == [tuned.before, tuned.after]
    assert tuned.after < tuned.before


def test_a_tuned_model_gives_the_same_bits(tuned: Tuned) -> None:
    """Scores, events and membranes of other inputs than those that it was tuned on."""
    rng = np.random.default_rng(3)
    with Engine(network()) as before, Engine(tuned.model) as after:
        for _ in range(5):
            events = from_dense((rng.random((20, 40)) < 0.2).astype(np.int64))
            one, other = (running.run(events, 20) for running in (before, after))
            assert one.counts.tolist() == other.counts.tolist()
            assert one.first.events.tolist() == other.first.events.tolist()


def test_tuning_is_deterministic_and_stops_where_nothing_is_to_gain(tuned: Tuned) -> None:
    """The same image again; the tuned one stays as it is."""
    again = tune(network(), BOARD, data=samples(), compiler=COMPILERS[0])
    once_more = tune(tuned.model, BOARD, data=samples(), compiler=COMPILERS[0])

    assert encode(again.model) == encode(tuned.model)
    assert not once_more.gains
    assert encode(once_more.model) == encode(tuned.model)


@pytest.mark.parametrize("index", [0, 1])
def test_every_layout_that_is_tried_has_the_same_weights(index: int) -> None:
    """On the host: the same scores for each."""
    model = network()
    events = samples().parts["in"][0]
    own = model.projections[index]
    found = list(layouts(own, model.populations[own.target].size))
    expected = Engine(model).run(events, 20)

    assert {(p.kind, p.bits) for p in found} == (
        {(ProjectionKind.SPARSE, 8), (ProjectionKind.SPARSE4, 8)} if index == 0 else {(ProjectionKind.DENSE, 8)}
    )
    for other in found:
        projections = tuple(other if i == index else p for i, p in enumerate(model.projections))
        result = Engine(replace(model, projections=projections)).run(events, 20)
        assert expected.counts.tolist() == result.counts.tolist()
        back = layouts(other, model.populations[own.target].size)
        assert any(p.kind is own.kind and np.array_equal(p.weights, own.weights) for p in back)


def test_a_firmware_takes_kernels_from_the_set_that_the_model_wishes() -> None:
    """Of the board's sets and ref; of others nothing is taken."""
    need(BOARD, COMPILERS[0])

    def flash(sets: Any) -> int:
        return build(BOARD, model=replace(network(), meta={"kernel_sets": sets}), compiler=COMPILERS[0]).sizes["text"]

    usual = flash({})
    assert flash({"event_queue": "ref"}) < usual
    assert flash({"event_queue": "riscv"}) == usual
    assert flash({"no_kernel": "ref"}) == usual
    with pytest.raises(BoardError, match="kernel_sets"):
        flash({"event_queue": 3})
    assert "riscv" not in load_board(BOARD).kernels


def test_the_command_prints_what_was_tried_and_writes_the_image(tmp_path: Path) -> None:
    """A table of all ways, the gain in a sentence; "nothing to gain" for what is tuned already."""
    need(BOARD, COMPILERS[0])
    given, made = tmp_path / "net.spkl", tmp_path / "tuned.spkl"
    network().save(given)
    words = ["tune", given, "--board", BOARD, "--compiler", COMPILERS[0], "-o", made]
    done = spikelet(*words, "--json")

    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["instructions"][1] < found["instructions"][0]
    assert load(made).meta["tuned"]["board"] == BOARD
    again = spikelet("tune", made, "--board", BOARD, "--compiler", COMPILERS[0], "-o", tmp_path / "again.spkl")
    assert again.exit_code == 0, again.stderr
    assert "nothing to gain" in again.stdout
    assert not (tmp_path / "again.spkl").exists()
    refused = spikelet(*words)
    assert refused.exit_code == 1
    assert "--force" in refused.stderr


@pytest.mark.parametrize(
    ("board", "text"),
    [("cortex-m9", "no board 'cortex-m9'"), ("microbit", "no emulator counts the instructions of microbit")],
)
def test_a_board_that_does_not_count_is_refused(board: str, text: str, tmp_path: Path) -> None:
    """Before anything is built."""
    given = tmp_path / "net.spkl"
    network().save(given)
    refused = spikelet("tune", given, "--board", board)

    assert refused.exit_code == 7
    assert text in refused.stderr


def test_an_int8_network_is_not_tuned(tmp_path: Path) -> None:
    """Its layers have one layout each."""
    given = tmp_path / "net.spkl"
    corpus(1)[0].save(given)
    refused = spikelet("tune", given, "--board", BOARD)

    assert refused.exit_code == 2
    assert "this is for spiking networks" in refused.stderr
