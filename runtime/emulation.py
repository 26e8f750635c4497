"""A firmware that runs in an emulator: its line, what it executed, why it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spikelet import elf as elf_files
from spikelet.emulator_process import Process, Qemu, Unicorn
from spikelet.errors import BoardError
from spikelet.firmware import Build

__all__ = ["Emulation", "Instructions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """Instructions that an emulated board executed.

    `total` includes the protocol; `engine` is what ran in the functions of csrc/ and of the compiler's
    library. `by_layer` has, for each population of a spiking model, its row and neuron kernels; it is empty
    if it was not asked for, and before the model's first tick.
    """

    total: int
    engine: int
    by_function: Mapping[str, int]
    by_layer: tuple[int, ...]


class Emulation:
    """A firmware in the emulator of its board. Stop it: it holds a process.

    Args:
        made: the firmware.
        count: count instructions (Unicorn boards): a third of the speed.
        layers: count them for each population too.

    Raises:
        BoardError: the board has no emulator, or it is not installed.
    """

    def __init__(self, made: Build, *, count: bool, layers: bool = False) -> None:
        self.build = made
        self.name = f"the emulated {made.board.name}"
        kind = made.board.emulator.get("kind")
        if kind == "unicorn":
            self.process: Process = Unicorn(made, count=count, layers=layers)
        elif kind == "qemu":
            self.process = Qemu(made)
        else:
            raise BoardError(f"{made.board.name} has no emulator: build its firmware and use `connect`")
        self._elf = elf_files.read(made.elf)
        self._names: dict[int, str] = {}

    def instructions(self, *, reset: bool = False) -> Instructions:
        """Instructions executed since the start, or since they were last reset.

        Raises:
            BoardError: this emulator does not count them, or was not asked to.
        """
        report = self._report(reset=reset)
        if not report["counts"]:
            raise BoardError(f"{self.name} was not asked to count instructions: emulate(..., count=True)")
        by_function: dict[str, int] = {}
        for address, n in report["blocks"]:
            if address not in self._names:
                self._names[address] = self._elf.function_at(address)
            name = self._names[address]
            by_function[name] = by_function.get(name, 0) + n
        ordered = dict(sorted(by_function.items(), key=lambda item: -item[1]))
        return Instructions(
            total=sum(ordered.values()),
            engine=sum(n for name, n in ordered.items() if name in self.build.engine),
            by_function=ordered,
            by_layer=tuple(report["layers"]),
        )

    def stack_used(self) -> int:
        """The most bytes of stack since the start.

        Raises:
            BoardError: this emulator does not tell.
        """
        return int(self._report(reset=False)["stack"])

    def why(self) -> str:
        """Why it has ended; empty: it has not."""
        return self.process.why()

    def stop(self) -> None:
        """End it."""
        self.process.stop()

    def _report(self, *, reset: bool) -> dict[str, Any]:
        if not isinstance(self.process, Unicorn):
            raise BoardError(f"{self.name} runs in QEMU, which tells nothing of itself: use one of Unicorn's boards")
        return self.process.report(reset=reset)
