"""The processes that emulate boards: Unicorn in a child process, and QEMU."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import time
from typing import Any, Protocol

from spikelet import elf as elf_files
from spikelet.errors import BoardError, DeviceError
from spikelet.firmware import Build

__all__ = ["Process", "Qemu", "Unicorn", "configuration"]

_UNICORN_HINT = "pip install 'spikelet[emulator]'"


class Process(Protocol):
    """An emulator that runs."""

    line: socket.socket

    def why(self) -> str:
        """Why it has ended; empty: it has not."""

    def stop(self) -> None:
        """End it."""


class Unicorn:
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
            self._say(configuration(made, theirs.fileno(), count=count, layers=layers))

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
        """See Process."""
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
        """See Process."""
        self.line.close()
        _end(self._child)


def configuration(made: Build, line: int, *, count: bool, layers: bool) -> dict[str, Any]:
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
        "counter": board.counter.get("address", 0),
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


class Qemu:
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
        """See Process."""
        if not self._why and _has_ended(self._child):
            assert self._child.stderr is not None
            said = self._child.stderr.read().decode(errors="replace").strip()
            self._why = f"QEMU ended with status {self._child.returncode}: {said}"
        return self._why

    def stop(self) -> None:
        """See Process."""
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
