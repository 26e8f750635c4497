"""Modelled cycles of programs that ran, beside those of rp2040js's Cortex-M0+."""

from __future__ import annotations

import re

import numpy as np
import pytest
from benchmarks.cycles import rp2040
from benchmarks.cycles.__main__ import PAGE
from benchmarks.instructions.budget import Bare
from benchmarks.instructions.machine import BOARDS
from benchmarks.instructions.workload import TICKS, digits, events_of, network

from spikelet import board_files
from support.tools import need_compiler

#: How far the model may be from rp2040js.
TOLERANCE = 0.02


@pytest.mark.parametrize("core", BOARDS)
def test_every_instruction_that_runs_has_cycles(core: str) -> None:
    """A spiking network: at least one cycle each, and the same functions in both columns."""
    need_compiler(board_files.load(BOARDS[core]).arch, "gcc")
    bare = Bare(core, "gcc", network("zero"))
    bare.push(events_of(digits("made up", 1)[0]), TICKS)
    counts, cycles = bare.machine.counts(), bare.machine.cycles()

    assert counts.keys() == cycles.keys()
    assert all(counts[name] <= cycles[name] for name in counts)
    assert sum(cycles.values()) < 2 * sum(counts.values())
    assert sum(bare.machine.cycles(worst=False).values()) <= sum(cycles.values())
    assert sum(bare.machine.cycles(wait_states=2).values()) > sum(cycles.values())


def test_blocks_are_counted_once_however_the_program_leaves_them() -> None:
    """Instructions are those of blocks; a block that ended a call was left for the caller."""
    need_compiler("arm", "gcc")
    bare = Bare("M4", "gcc", network("zero"))
    bare.push(events_of(digits("made up", 1)[0]), TICKS)
    machine = bare.machine
    by_block = sum(n * machine.core.count(machine.read(*block)) for block, n in machine.blocks().items())

    assert by_block == sum(machine.counts().values())
    assert all(size > 0 for _, size in machine.blocks())


@pytest.fixture(scope="module")
def seen() -> list[rp2040.Measured]:
    """Programs on rp2040js."""
    if missing := rp2040.missing():
        pytest.skip(missing)
    need_compiler("arm", "gcc")
    return list(rp2040.measured())


def test_the_model_is_near_the_cycles_of_rp2040js(seen: list[rp2040.Measured]) -> None:
    """A spiking network, an image that is opened, layers of int8: within two parts of a hundred."""
    assert len(seen) >= 5
    assert [measured for measured in seen if abs(measured.error) > TOLERANCE] == []


def test_the_page_states_no_smaller_error(seen: list[rp2040.Measured]) -> None:
    """Of each program, to half a part of a hundred: kernels change. Written anew by benchmarks.cycles --write."""
    said = {
        cells[0]: float(cells[-1].removesuffix(" %")) / 100
        for cells in (line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines())
        if len(cells) == 5 and re.fullmatch(r"[0-9.]+ %", cells[-1])
    }

    assert said.keys() == {measured.name for measured in seen}
    assert [measured for measured in seen if abs(measured.error) > said[measured.name] + TOLERANCE / 4] == []


def test_a_program_that_differs_is_told(seen: list[rp2040.Measured], monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that rp2040js leaves otherwise is an error, not an error of the model."""
    assert seen
    bare = Bare("M0+", "gcc", network("zero"))
    whole = rp2040._run

    def changed(files: list, registers: list[int]) -> dict[str, int]:
        found = whole(files, registers)
        data = np.fromfile(files[1], np.uint8)
        data[-1] ^= 1
        data.tofile(files[1])
        return found

    monkeypatch.setattr(rp2040, "_run", changed)

    with pytest.raises(ValueError, match="leaves other bytes"):
        rp2040.measure(bare.machine, "bare_start", *bare.opening)
