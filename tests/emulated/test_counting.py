"""Instructions and stack of emulated boards: exact, and the same every time."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from spikelet import board_files, emulator
from spikelet.emulator import emulate
from spikelet.emulator_process import configuration
from spikelet.errors import BoardError
from spikelet.firmware import build
from support.random_models import random_events, random_model
from support.tools import UNICORN, need

#: Counts each instruction by itself, beside the machine's blocks, while a few requests are answered.
_ONE_BY_ONE = """
import json, socket, sys, unicorn
from spikelet import protocol
from spikelet.emulator_child import Machine

config = json.loads(sys.stdin.readline())
ours, theirs = socket.socketpair()
machine = Machine(config, theirs)
single = [0]
def on_code(uc, address, size, data):
    single[0] += 1
machine.uc.hook_add(unicorn.UC_HOOK_CODE, on_code)
for sequence in range(3):
    ours.send(protocol.request(sequence, protocol.Command.HELLO, b""))
    ours.send(b"\\0\\0noise\\0")
left = [4]
def control():
    left[0] -= 1
    return left[0] > 0
machine.run(control)
print(json.dumps([single[0], sum(machine.instructions().values())]))
"""


@pytest.mark.parametrize("name", UNICORN)
def test_block_counts_equal_counting_each_instruction(name: str) -> None:
    """The sum over blocks is exact, waiting for input included.

    All Cortex-M run the Cortex-M0's program, as Unicorn's single count leaves out what a failed
    condition of an IT block skips, and a core takes a cycle for it.
    """
    need(name, "zig")
    made = build(name if name == "rv32imc" else "cortex-m0", compiler="zig")
    config = configuration(made, 0, count=True, layers=False)
    config["cpu"] = board_files.load(name).emulator["cpu"]
    lines = json.dumps(config) + "\n" + "{}\n" * 4
    done = subprocess.run(
        [sys.executable, "-c", _ONE_BY_ONE], input=lines, capture_output=True, text=True, check=True, timeout=60
    )
    single, blocks = json.loads(done.stdout.splitlines()[-1])

    assert single > 1000
    assert single == blocks


@pytest.mark.parametrize("name", UNICORN)
def test_counts_are_the_same_in_every_run(name: str) -> None:
    """Two boards, and the same board again after a reset."""
    need(name, "zig")
    model = random_model(2, plain=True)
    events = random_events(2, model, 20)

    def engine(board: emulator.EmulatedBoard) -> dict[str, int]:
        board.instructions(reset=True)
        board.run(events, ticks=20)
        counted = board.instructions()
        return {f: n for f, n in counted.by_function.items() if f in board.build.engine}

    found = []
    for _ in range(2):
        with emulate(model, name, compiler="zig") as board:
            found += [engine(board), engine(board)]

    assert found[0] == found[1] == found[2] == found[3]
    assert sum(found[0].values()) > 10_000


def test_counts_of_functions_and_layers_add_up() -> None:
    """Every instruction belongs to one function; layers hold all of the row and neuron kernels."""
    need("cortex-m4", "zig")
    model = random_model(2, plain=True)
    with emulate(model, "cortex-m4", compiler="zig", layers=True) as board:
        board.instructions(reset=True)
        board.run(random_events(2, model, 20), ticks=20)
        counted = board.instructions()

    assert counted.total == sum(counted.by_function.values())
    assert "?" not in counted.by_function
    kernels = sum(n for f, n in counted.by_function.items() if f.startswith(("spkl_lif_tick_", "spkl_add_row")))
    assert len(counted.by_layer) == len(model.populations)
    assert sum(counted.by_layer) == kernels


def test_ticks_of_a_network_at_rest_are_skipped_together() -> None:
    """Under 10 instructions each, where nothing comes; tests/emulated/test_budget.py has the cost of a single one."""
    need("cortex-m4", "zig")
    model = random_model(2, plain=True)
    with emulate(model, "cortex-m4", compiler="zig") as board:
        board.advance(2000)
        board.instructions(reset=True)
        board.advance(1000)

        assert board.instructions().engine < 10_000


def test_each_tick_is_counted_by_itself() -> None:
    """Ticks with events cost more than ticks at rest; the layers of all ticks are those of the run."""
    need("cortex-m4", "zig")
    model = random_model(2, plain=True)
    events = random_events(2, model, 10)
    with emulate(model, "cortex-m4", compiler="zig", layers=True) as board:
        ticks = board.instructions_by_tick(events, ticks=200)
        board.instructions(reset=True)
        board.run(events, ticks=200)
        whole = board.instructions()

    assert len(ticks) == 200
    assert whole.by_layer == tuple(sum(tick.by_layer[i] for tick in ticks) for i in range(len(model.populations)))
    assert max(tick.engine for tick in ticks[:10]) > 2 * ticks[-1].engine
    assert ticks[-1].by_layer == (0,) * len(model.populations)


def test_a_board_that_does_not_count_says_so() -> None:
    """count=False is faster, and refuses to tell."""
    need("cortex-m4", "zig")
    with (
        emulate(None, "cortex-m4", compiler="zig", count=False) as board,
        pytest.raises(BoardError, match="count=True"),
    ):
        board.instructions()


@pytest.mark.parametrize("name", UNICORN)
def test_the_stack_stays_within_the_bound_that_gcc_gives(name: str) -> None:
    """What was used in a run is not more than `build` says, and that is not more than the board keeps."""
    need(name, "gcc")
    model = random_model(2)
    with emulate(model, name, compiler="gcc") as board:
        board.run(random_events(2, model, 10), ticks=10)
        used, bound = board.stack_used(), board.build.stack

    assert bound.bytes is not None, bound.reason
    assert 0 < used <= bound.bytes <= board.build.board.stack
