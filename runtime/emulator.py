"""Emulated boards: Unicorn in a child process, or QEMU, behind the same protocol as a real board."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, overload

from spikelet.board_files import Board
from spikelet.device import Device
from spikelet.device_link import AnyModel, DeviceLink
from spikelet.emulation import Emulation, Instructions
from spikelet.emulator_process import Process
from spikelet.errors import DeviceError
from spikelet.firmware import Build, build
from spikelet.model import Model
from spikelet.protocol import Place
from spikelet.transport import SocketTransport

if TYPE_CHECKING:
    from spikelet.graded.board import EmulatedGradedBoard
    from spikelet.graded.model import GradedModel

__all__ = ["EmulatedBoard", "EmulatedLink", "Instructions", "emulate"]

#: An emulator loses nothing: a late answer means a busy machine.
_TIMEOUT, _TRIES = 20.0, 3


class EmulatedLink(DeviceLink[AnyModel]):
    """An emulated board, whatever it runs. Close it, or use it in a `with` statement: it holds a process."""

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation
        line = SocketTransport(emulation.process.line, emulation.name)
        try:
            super().__init__(line, name=emulation.name, timeout=_TIMEOUT, tries=_TRIES)
        except DeviceError as error:
            why = emulation.why()
            emulation.stop()
            if why and why not in str(error):
                raise DeviceError(f"{emulation.name} stopped: {why}") from error
            raise
        except BaseException:
            emulation.stop()
            raise

    @property
    def build(self) -> Build:
        """The firmware that runs."""
        return self._emulation.build

    @property
    def _process(self) -> Process:
        return self._emulation.process

    def call(self, command: Any, body: bytes = b"", *, patience: int = 1) -> bytes:
        """See DeviceLink.

        Raises:
            DeviceError: besides: the emulation stopped, with the address and function of the fault.
        """
        try:
            return super().call(command, body, patience=patience)
        except DeviceError as error:
            why = self._emulation.why()
            if why:
                raise DeviceError(f"{self.name} stopped: {why}") from error
            raise

    def instructions(self, *, reset: bool = False) -> Instructions:
        """Instructions executed since the start, or since they were last reset.

        Raises:
            BoardError: this emulator does not count them, or was not asked to.
        """
        return self._emulation.instructions(reset=reset)

    def stack_used(self) -> int:
        """The most bytes of stack since the start.

        Raises:
            BoardError: this emulator does not tell.
        """
        return self._emulation.stack_used()

    def close(self) -> None:
        """End the emulation."""
        super().close()
        self._emulation.stop()


class EmulatedBoard(EmulatedLink[Model], Device):
    """An emulated board that runs spiking networks."""

    _by_tick: list[Instructions] | None = None

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
        return self._by_ticks(super().advance, ticks)

    def advance_early(self, ticks: int) -> int:
        """See Runner."""
        return self._by_ticks(super().advance_early, ticks)

    def _by_ticks(self, go: Callable[[int], int], ticks: int) -> int:
        """Ticks, each counted by itself where that was asked for."""
        if self._by_tick is None:
            return go(ticks)
        for done in range(ticks):
            self.instructions(reset=True)
            before = self.tick_number
            if go(1) == 0:
                return done
            self._by_tick.append(self.instructions(reset=True))
            if self.tick_number != (before + 1) % 2**32:
                return done + 1
        return ticks

    def __enter__(self) -> EmulatedBoard:
        return self


@overload
def emulate(
    model: Model | None,
    board: str | Board,
    *,
    compiler: str = ...,
    optimise: str = ...,
    embed: bool = ...,
    count: bool = ...,
    layers: bool = ...,
    place: Place = ...,
) -> EmulatedBoard: ...
@overload
def emulate(
    model: GradedModel,
    board: str | Board,
    *,
    compiler: str = ...,
    optimise: str = ...,
    embed: bool = ...,
    count: bool = ...,
    layers: bool = ...,
    place: Place = ...,
) -> EmulatedGradedBoard: ...
def emulate(
    model: Model | GradedModel | None,
    board: str | Board,
    *,
    compiler: str = "auto",
    optimise: str = "2",
    embed: bool = False,
    count: bool = True,
    layers: bool = False,
    place: Place = Place.NONE,
) -> EmulatedBoard | EmulatedGradedBoard:
    """Build firmware for a board, start it in its emulator, and run a model on it.

    Args:
        model: to run; None: none yet.
        board: a board's name.
        compiler: "gcc", "zig" or "auto".
        optimise: "2" or "s".
        embed: build the model into the firmware, rather than load it through the protocol.
        count: count instructions (Unicorn boards): a third of the speed.
        layers: with `count`, count them for each population of a spiking network too.
        place: where to load the model.

    Returns:
        A board that runs spiking networks, or with a graded model one that runs graded networks.

    Raises:
        BoardError: unknown board, no compiler or emulator, or the model does not fit.
    """
    made = build(board, model=model if embed else None, compiler=compiler, optimise=optimise)
    if model is not None and not isinstance(model, Model):
        from spikelet.graded.board import EmulatedGradedBoard

        graded = EmulatedGradedBoard(Emulation(made, count=count))
        with _closed_on_error(graded):
            graded.load(model, place) if place != Place.NONE else graded.use(model)
        return graded
    running = EmulatedBoard(Emulation(made, count=count, layers=count and layers))
    with _closed_on_error(running):
        if model is not None and place != Place.NONE:
            running.load(model, place)
        elif model is not None:
            running.use(model)
    return running


@contextmanager
def _closed_on_error(board: EmulatedLink[Any]) -> Iterator[None]:
    """End a board on which something goes wrong."""
    try:
        yield
    except BaseException:
        board.close()
        raise
