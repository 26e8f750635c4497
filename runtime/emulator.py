"""Emulated boards: Unicorn in a child process, or QEMU, behind the same protocol as a real board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spikelet import elf as elf_files
from spikelet.board_files import Board
from spikelet.board_files import load as load_board
from spikelet.device import Device
from spikelet.emulator_process import Process, Qemu, Unicorn
from spikelet.errors import BoardError, DeviceError
from spikelet.firmware import Build, build
from spikelet.model import Model
from spikelet.protocol import Place
from spikelet.transport import SocketTransport

__all__ = ["EmulatedBoard", "Instructions", "emulate"]

#: An emulator loses nothing: a late answer means a busy machine.
_TIMEOUT, _TRIES = 20.0, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """Instructions that an emulated board executed.

    `total` includes the protocol; `engine` is what ran in the functions of csrc/ and of the compiler's
    library. `by_layer` has, for each population of the model, its row and neuron kernels; it is empty
    if it was not asked for, and before the model's first tick.
    """

    total: int
    engine: int
    by_function: Mapping[str, int]
    by_layer: tuple[int, ...]


class EmulatedBoard(Device):
    """An emulated board. Close it, or use it in a `with` statement: it holds a process."""

    def __init__(self, process: Process, made: Build) -> None:
        self.build = made
        self._process = process
        self._elf = elf_files.read(made.elf)
        self._names: dict[int, str] = {}
        self._by_tick: list[Instructions] | None = None
        name = f"the emulated {made.board.name}"
        try:
            super().__init__(SocketTransport(process.line, name), name=name, timeout=_TIMEOUT, tries=_TRIES)
        except DeviceError as error:
            why = process.why()
            process.stop()
            if why and why not in str(error):
                raise DeviceError(f"{name} stopped: {why}") from error
            raise
        except BaseException:
            process.stop()
            raise

    def call(self, command: Any, body: bytes = b"") -> bytes:
        """See Device.

        Raises:
            DeviceError: besides: the emulation stopped, with the address and function of the fault.
        """
        try:
            return super().call(command, body)
        except DeviceError as error:
            why = self._process.why()
            if why:
                raise DeviceError(f"{self.name} stopped: {why}") from error
            raise

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

    def instructions_by_tick(self, inputs: Any, ticks: int | None = None) -> list[Instructions]:
        """Run a sample as `run` does, and count each tick by itself.

        What pushes events and takes outputs between ticks is in none of them. All counts begin anew.

        Raises:
            BoardError: as `instructions`.
        """
        self._by_tick = []
        try:
            self.run(inputs, ticks)
            return self._by_tick
        finally:
            self._by_tick = None

    def advance(self, ticks: int) -> int:
        """See Runner."""
        if self._by_tick is None:
            return super().advance(ticks)
        for done in range(ticks):
            self.instructions(reset=True)
            if super().advance(1) == 0:
                return done
            self._by_tick.append(self.instructions(reset=True))
        return ticks

    def stack_used(self) -> int:
        """The most bytes of stack since the start.

        Raises:
            BoardError: this emulator does not tell.
        """
        return int(self._report(reset=False)["stack"])

    def _report(self, *, reset: bool) -> dict[str, Any]:
        if not isinstance(self._process, Unicorn):
            raise BoardError(f"{self.name} runs in QEMU, which tells nothing of itself: use one of Unicorn's boards")
        return self._process.report(reset=reset)

    def close(self) -> None:
        """End the emulation."""
        super().close()
        self._process.stop()

    def __enter__(self) -> EmulatedBoard:
        return self


def emulate(
    model: Model | None,
    board: str | Board,
    *,
    compiler: str = "auto",
    optimise: str = "2",
    embed: bool = False,
    count: bool = True,
    layers: bool = False,
    place: Place = Place.NONE,
) -> EmulatedBoard:
    """Build firmware for a board, start it in its emulator, and run a model on it.

    Args:
        model: to run; None: none yet.
        board: a board's name.
        compiler: "gcc", "zig" or "auto".
        optimise: "2" or "s".
        embed: build the model into the firmware, rather than load it through the protocol.
        count: count instructions (Unicorn boards): a third of the speed.
        layers: with `count`, count them for each population too.
        place: where to load the model.

    Raises:
        BoardError: unknown board, no compiler or emulator, or the model does not fit.
    """
    target = load_board(board)
    made = build(target, model=model if embed else None, compiler=compiler, optimise=optimise)
    if target.emulator.get("kind") == "unicorn":
        process: Process = Unicorn(made, count=count, layers=count and layers)
    elif target.emulator.get("kind") == "qemu":
        process = Qemu(made)
    else:
        raise BoardError(f"{target.name} has no emulator: build its firmware and use `connect`")
    running = EmulatedBoard(process, made)
    try:
        if model is not None and place != Place.NONE:
            running.load(model, place)
        elif model is not None:
            running.use(model)
    except BaseException:
        running.close()
        raise
    return running
