"""fit: memory and instructions on a board before anything is flashed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bad_images.wide import wide_model
from spikelet import board_files
from spikelet.emulator import emulate
from spikelet.errors import BoardError
from spikelet.events import from_dense
from spikelet.fit import cost, counting_board, fit, worst_case
from spikelet.model import Encoder, Model
from spikelet.reference import Reference
from spikelet.rules import check
from spikelet.runner import Variable
from support.random_models import grown, random_events, random_model
from support.tools import need

BOARD = "cortex-m4"
MODELS = [random_model(seed, encoder=encoder) for seed in range(3) for encoder in Encoder]
NAMES = [f"{model.inputs[0].encoder.name}-{index // len(Encoder)}" for index, model in enumerate(MODELS)]


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_in_the_worst_case_every_neuron_fires(model: Model) -> None:
    """In a tick in which all input neurons have events: for every encoder and random semantics."""
    worst = worst_case(model)
    check(worst)
    port = worst.inputs[0]
    runner = Reference(worst)
    if port.encoder is Encoder.EVENTS:
        runner.push(random_events(0, replace(model, inputs=(port,)), 1))
    else:
        runner.push_frame(np.full(port.size, 255, np.uint8))
    runner.advance(2)

    fired = [stats.events >= p.size for stats, p in zip(runner.stats(), worst.populations, strict=True)]
    assert fired == [p.choices.fires for p in worst.populations]


def test_in_the_worst_case_of_every_kind_of_projection_all_fires() -> None:
    """Delay lines give what they got, weights that cannot be 0 push no neuron below its threshold."""
    model = wide_model()
    worst = worst_case(model)
    check(worst)
    runner = Reference(worst)
    ticks = 6
    for tick in range(ticks):
        events = from_dense(np.ones((1, 60), np.int64))
        events["tick"] = tick
        runner.push(events)
        runner.advance(1)
        for port in range(len(worst.outputs)):
            runner.take(port)
        fired = [int(np.count_nonzero(runner.probe(i, Variable.EVENTS))) for i in range(len(worst.populations))]

    assert fired == [p.size for p in worst.populations]
    assert [p.size for p in worst.populations] == [p.size for p in model.populations]


def test_the_worst_tick_costs_more_than_any_real_one() -> None:
    """Counted tick by tick on random events, and an idle tick costs less."""
    need(BOARD, "zig")
    model = random_model(4, plain=True)
    found = cost(model, board_files.load(BOARD), compiler="zig")
    counted = []
    with emulate(model, BOARD, compiler="zig", embed=True) as running:
        running.push(random_events(4, model, 15))
        for _ in range(15):
            running.instructions(reset=True)
            running.advance(1)
            counted.append(running.instructions().engine)
            for index in range(len(model.outputs)):
                running.take(index)

    assert found.idle <= max(counted) < found.worst
    assert found.board == BOARD


def test_a_board_is_counted_on_its_twin() -> None:
    """QEMU tells nothing; a Unicorn board with the same core and kernels does."""
    pytest.importorskip("unicorn", reason="no Unicorn: pip install unicorn")
    twins = {
        name: counting_board(board_files.load(name)) for name in ("cortex-m3", "mps2-an385", "mps2-an386", "microbit")
    }

    assert {name: board.name if board else None for name, board in twins.items()} == {
        "cortex-m3": "cortex-m3",
        "mps2-an385": "cortex-m3",
        "mps2-an386": "cortex-m4",
        "microbit": "cortex-m0",
    }


def test_a_model_that_is_too_large_lacks_bytes() -> None:
    """Which memory, and how many."""
    need(BOARD, "zig")
    small = fit(random_model(1), BOARD, compiler="zig", count=False)

    assert small.cost is None
    assert small.build.image > 0
    with pytest.raises(BoardError, match=r"\d+ bytes of flash are missing"):
        fit(grown(random_model(1), 60000), BOARD, compiler="zig", count=False)
