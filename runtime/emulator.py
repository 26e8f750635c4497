"""Emulated boards: Unicorn in a child process, or QEMU, behind the same protocol as a real board."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from spikelet import elf as elf_files
from spikelet.boards import Board
from spikelet.boards import load as load_board
from spikelet.device import Device
from spikelet.errors import BoardError, DeviceError
from spikelet.firmware import Build, build
from spikelet.model import Model
from spikelet.protocol import Place
from spikelet.transport import SocketTransport

__all__ = ["EmulatedBoard", "Instructions", "emulate"]

_UNICORN_HINT = "pip install 'spikelet[emulator]'"
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


class _Process(Protocol):
    """An emulator that runs."""

    line: socket.socket

    def why(self) -> str:
        """Why it has ended; empty: it has not."""

    def stop(self) -> None:
        """End it."""


class EmulatedBoard(Device):
    """An emulated board. Close it, or use it in a `with` statement: it holds a process."""

    def __init__(self, process: _Process, made: Build) -> None:
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
        if not isinstance(self._process, _Unicorn):
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
        process: _Process = _Unicorn(made, count=count, layers=count and layers)
    elif target.emulator.get("kind") == "qemu":
        process = _Qemu(made)
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


class _Unicorn:
    """The child process, its console and its requests."""

    def __init__(self, made: Build, *, count: bool, layers: bool) -> None:
        if importlib.util.find_spec("unicorn") is None:
            raise BoardError(f"{made.board.name} is emulated by Unicorn, which is not installed: {_UNICORN_HINT}")
        self._functions = elf_files.read(made.elf).functions
        self._why = ""
        self.line, theirs = socket.socketpair()
        with theirs:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "spikelet.emulator_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                text=True,
            )
            self._say(_config(made, theirs.fileno(), count=count, layers=layers))

    def _say(self, message: dict[str, Any]) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(message) + "\n")
        self._child.stdin.flush()

    def report(self, *, reset: bool) -> dict[str, Any]:
        """Ask the child for its counts."""
        assert self._child.stdout is not None
        with contextlib.suppress(OSError):
            self._say({"reset": reset})
        answer: dict[str, Any] = json.loads(self._child.stdout.readline() or "{}")
        if "blocks" not in answer:
            raise DeviceError("the emulated board has stopped")
        return answer

    def why(self) -> str:
        """See _Process."""
        if not self._why and _has_ended(self._child):
            assert self._child.stdout is not None
            self._why = self._tell(self._child.stdout.read().strip())
        return self._why

    def _tell(self, said: str) -> str:
        """What the child's last words mean."""
        if not said.startswith("{"):
            return f"the emulator ended with status {self._child.returncode}"
        fault = json.loads(said)
        where = elf_files.function_at(self._functions, fault["pc"])
        return f"{fault['fault']}, at {fault['pc']:#010x} in {where}"

    def stop(self) -> None:
        """See _Process."""
        self.line.close()
        _end(self._child)


def _config(made: Build, line: int, *, count: bool, layers: bool) -> dict[str, Any]:
    """What the child needs to know."""
    board, elf = made.board, elf_files.read(made.elf)
    memories = [{"origin": board.ram.origin, "length": board.ram.length, "write": True, "execute": False}]
    flash = board.flash.length + (board.slot.length if board.slot and made.image else 0)
    memories.append({"origin": board.flash.origin, "length": flash, "write": False, "execute": True})
    if board.slot and not made.image:
        memories.append({"origin": board.slot.origin, "length": board.slot.length, "write": True, "execute": False})
    return {
        "line": line,
        "cpu": board.emulator["cpu"],
        "clock_hz": board.clock_hz,
        "console": board.console["address"],
        "memories": memories,
        "segments": [(s.address, s.data.hex()) for s in elf.segments],
        "stack": (board.ram.origin, board.stack),
        "entry": elf.entry,
        "vectors": board.flash.origin,
        "count": count,
        "layers": _kernels(made, elf) if layers else {},
    }


def _kernels(made: Build, elf: elf_files.Elf) -> dict[str, list[tuple[int, int]]]:
    """Address and size of the functions by which layers are told apart."""
    starts = {"neurons": "spkl_lif_tick_", "rows": "spkl_add_row", "encoders": "spkl_encode_", "start": "spkl_start"}
    kinds = {
        kind: [(s.address, s.size) for s in elf.functions if s.name.startswith(start)] for kind, start in starts.items()
    }
    return kinds | {"library": [(s.address, s.size) for s in elf.functions if s.name in made.library]}


class _Qemu:
    """QEMU with its serial line on a TCP port."""

    def __init__(self, made: Build) -> None:
        emulator = made.board.emulator
        self._why = ""
        program = f"qemu-system-{emulator['system']}"
        if shutil.which(program) is None:
            package = {"arm": "qemu-system-arm", "riscv32": "qemu-system-misc"}[emulator["system"]]
            raise BoardError(
                f"{made.board.name} needs {program}, which is not installed (Debian: apt-get install {package})"
            )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        console = f"tcp:127.0.0.1:{port},server=on,wait=off,nodelay=on"
        self._child = subprocess.Popen(
            [
                *(program, "-M", emulator["machine"], *emulator.get("options", ()), "-kernel", str(made.elf)),
                *("-display", "none", "-monitor", "none", "-serial", console),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.line = self._connect(port)
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _connect(self, port: int) -> socket.socket:
        end = time.monotonic() + 10
        while time.monotonic() < end and self._child.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=5)
            except OSError:
                time.sleep(0.01)
        why = self.why()
        _end(self._child)
        raise DeviceError(f"QEMU did not start: {why or 'it opens no port'}")

    def why(self) -> str:
        """See _Process."""
        if not self._why and _has_ended(self._child):
            assert self._child.stderr is not None
            said = self._child.stderr.read().decode(errors="replace").strip()
            self._why = f"QEMU ended with status {self._child.returncode}: {said}"
        return self._why

    def stop(self) -> None:
        """See _Process."""
        self.line.close()
        _end(self._child)


def _has_ended(child: subprocess.Popen[Any]) -> bool:
    """Whether a process has ended, or is about to."""
    try:
        child.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(child: subprocess.Popen[Any]) -> None:
    """Terminate, wait, kill."""
    child.terminate()
    try:
        child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            stream.close()
