"""Counts the instructions of single ticks on bare cores, by the part of the engine that they belong to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.instructions.machine import BOARDS, Machine, build, kernel_file

from spikelet import board_files, elf
from spikelet._data import path as data_path
from spikelet.compile import STRICT, compile_all
from spikelet.events import EventArray
from spikelet.image import encode
from spikelet.model import Model
from spikelet.toolchain import find

__all__ = ["GROUPS", "Bare"]

#: Parts of the engine, by the first that a source file's name begins with. Those of no part are the frame's.
GROUPS = ("neurons", "projections", "frame")
_OF = {
    "lif_tick": "neurons",
    "blocks": "neurons",
    "add_": "projections",
    "widen_": "projections",
    "list_rows": "projections",
    "rows": "projections",
    "conv": "projections",
    "sparse": "projections",
    "late": "projections",
    "line": "projections",
    "map": "projections",
}
#: What only the benchmark has, and what a firmware's own functions do (they are not the engine's).
_OUTSIDE = {"bare", "mem"}
_ROOTS = ("bare_start", "bare_push", "bare_frame", "bare_tick", "bare_take")
_IMAGE, _ARENA, _EVENTS = Machine.ram, Machine.ram + 0x28_0000, Machine.ram + 0x50_0000
_ARENA_SIZE = _EVENTS - _ARENA


class _Machine(Machine):
    """A machine that tells the length of blocks."""

    def length(self, address: int, size: int) -> int:
        """Instructions of a block."""
        return self.core.count(self.read(address, size))


class Bare:
    """A core with the engine and all its kernels.

    Args:
        core: of benchmarks.instructions.machine.BOARDS.
        compiler: "gcc" or "zig".
    """

    def __init__(self, core: str, compiler: str) -> None:
        board = board_files.load(BOARDS[core])
        csrc = data_path("csrc")
        names = sorted(file.stem for file in (csrc / "kernels" / "ref").glob("*.c"))
        sources = [Path(__file__).with_name("bare.c"), *sorted((csrc / "engine").glob("*.c"))]
        sources += [*(kernel_file(core, name) for name in names), csrc / "kernels" / "all.c"]
        self._machine = _Machine(core, build(core, sources, _ROOTS, compiler), count=True)
        toolchain = find(board.arch, compiler)
        self.compiler = toolchain.version
        flags = [*board.flags[toolchain.kind], "-O2", *STRICT]
        objects = compile_all(toolchain, sources, flags=flags, includes=[csrc / "include", csrc / "engine"])
        self._file = {s.name: path.stem for path in objects for s in elf.read(path).symbols if s.function}
        self._file |= dict.fromkeys(("memcpy", "memmove", "memset", "memcmp"), "mem")
        self._known: dict[tuple[int, int], tuple[str, int]] = {}

    def start(self, model: Model) -> None:
        """Open and start a model."""
        image = encode(model)
        assert len(image) <= _ARENA - _IMAGE
        self._machine.write(_IMAGE, image)
        result = self._machine.call("bare_start", _IMAGE, len(image), _ARENA, _ARENA_SIZE)
        assert result == 0, f"the engine refuses the model: {result - 2**32}"
        self._machine.clear()

    def push(self, events: EventArray, port: int) -> Mapping[str, int]:
        """Push events; returns instructions by part."""
        self._machine.write(_EVENTS, events.tobytes())
        assert self._machine.call("bare_push", port, _EVENTS, len(events)) == 0
        return self._counts()

    def frame(self, frame: npt.NDArray[np.uint8], port: int) -> Mapping[str, int]:
        """Give a frame; returns instructions by part."""
        self._machine.write(_EVENTS, frame.tobytes())
        assert self._machine.call("bare_frame", port, _EVENTS, len(frame)) == 0
        return self._counts()

    def tick(self) -> Mapping[str, int]:
        """Do a tick; returns instructions by part."""
        assert self._machine.call("bare_tick") == 1
        return self._counts()

    def take(self, port: int) -> None:
        """Empty an output queue."""
        assert self._machine.call("bare_take", port) == 0
        self._counts()

    def _counts(self) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        for (address, size), n in self._machine.blocks().items():
            if (address, size) not in self._known:
                self._known[address, size] = self._group(address), self._machine.length(address, size)
            group, length = self._known[address, size]
            found[group] += n * length
        self._machine.clear()
        found.pop("", None)
        return found

    def _group(self, address: int) -> str:
        """The part that an address belongs to; "": outside of the engine."""
        name = self._machine.elf.function_at(address)
        file = re.search(r"\((\w+)\.[cS]\)", name)
        stem = file.group(1) if file else self._file.get(name, "library")
        if stem in _OUTSIDE:
            return ""
        if stem == "library":
            return "neurons"
        return next((group for start, group in _OF.items() if stem.startswith(start)), "frame")
