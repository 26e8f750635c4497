"""A bare core in QEMU, for cores that Unicorn does not have: the same as machine.Machine.

The core's memory is a file that this process maps. A byte through a pipe lets agent.S call a function, another one
tells that it has returned. A plugin, built for QEMU by this machine's compiler, counts instructions.
"""

from __future__ import annotations

import mmap
import os
import re
import select
import shutil
import struct
import subprocess
import tempfile
import weakref
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np

from spikelet import board_files, elf
from spikelet.compile import keep
from spikelet.errors import BoardError
from spikelet.toolchain import cache_folder, digest

__all__ = ["AGENT", "LINKER_SCRIPT", "QemuMachine"]

_HERE = Path(__file__).parent
#: What a program for it is linked with.
AGENT = _HERE / "agent.S"
LINKER_SCRIPT = """
SECTIONS
{
    .text 0 : { KEEP(*(.vectors)) *(.text .text.*) }
    .rodata : { *(.rodata .rodata.*) }
    . = 0x60001000;
    .data : { *(.data .data.*) }
    .bss (NOLOAD) : { *(.bss .bss.* COMMON) }
    /DISCARD/ : { *(.ARM.* .eh_frame .eh_frame.* .comment .note .note.*) }
}
"""
_MEMORY = 0x6000_0000
#: Where a function finds its words on the stack.
_STACK = 0x6010_0000 - 40
_RAM = 0x6020_0000
_MAPPED = 0x100_0000
#: All that the board has; QEMU asks for it. A file of it takes no more than what is written.
_SIZE = 2 << 30
_CODE = 0x8_0000
#: Of agent.S.
_BEFORE, _AFTER, _SP_AFTER, _BYTE, _FAULT = 4, 120, 232, 236, 240
_SECONDS = 120.0


class QemuMachine:
    """A core with a program: see machine.Machine."""

    #: Where data begins that the caller of a function lays out.
    ram = _RAM

    def __init__(self, board: board_files.Board, program: Path, *, count: bool = False) -> None:
        self.elf = elf.read(program)
        self._symbols = {symbol.name: symbol.address for symbol in self.elf.symbols}
        self._folder = tempfile.TemporaryDirectory(prefix="spikelet-qemu-")
        place = Path(self._folder.name)
        self._memory = _mapped(place / "memory", _SIZE, _MAPPED)
        self._counts = np.frombuffer(_mapped(place / "counts", 4 * _CODE, 4 * _CODE), np.uint64)
        for pipe in ("request", "reply"):
            os.mkfifo(place / pipe)
        self._request, self._reply = (os.open(place / pipe, os.O_RDWR) for pipe in ("request", "reply"))
        words = [_qemu(), "-M", f"{board.emulator['machine']},memory-backend=memory", "-display", "none"]
        words += ["-object", f"memory-backend-file,id=memory,size={_SIZE},mem-path={place / 'memory'},share=on"]
        words += ["-monitor", "none", "-serial", "none", "-semihosting-config", "enable=on,target=native"]
        words += ["-plugin", f"{_plugin()},counts={place / 'counts'},size={4 * _CODE}"] if count else []
        self._process = subprocess.Popen(
            [*words, "-kernel", str(program)], cwd=place, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self._finalizer = weakref.finalize(self, _end, self._process, (self._request, self._reply), self._folder)
        self._preserved: dict[int, int] = {}

    def preserved(self) -> dict[int, int]:
        """The registers that a function must leave alone, but for the stack pointer: r4 to r11, then d8 to d15."""
        words = struct.unpack_from("<24I", self._memory, _AFTER + 16)
        return dict(enumerate(words))

    def scramble(self) -> dict[int, int]:
        """Give these registers values of their own; returns what they hold."""
        words = [0xA5C3_0000 + 0x1111 * i for i in range(24)]
        struct.pack_into("<24I", self._memory, _BEFORE + 16, *words)
        return dict(enumerate(words))

    def call(self, name: str, *arguments: int) -> int:
        """Call a function with words, those beyond the registers on the stack; returns its word.

        Raises:
            BoardError: the core faults, QEMU ends, or the function does not return.
        """
        words = [argument & 0xFFFF_FFFF for argument in arguments]
        there, more = words[:4], words[4:]
        struct.pack_into(f"<{1 + len(there)}I", self._memory, 0, self._symbols[name] | 1, *there)
        struct.pack_into(f"<{len(more)}I", self._memory, _STACK - _MEMORY, *more)
        struct.pack_into("<2I", self._memory, _FAULT, 0, 0)
        os.write(self._request, b"!")
        self._wait(name)
        cause, at = struct.unpack_from("<2I", self._memory, _FAULT)
        if cause:
            raise BoardError(f"{name} faults in {self.elf.function_at(at)} at {at:#x}: CFSR is {cause:#x}")
        (sp,) = struct.unpack_from("<I", self._memory, _SP_AFTER)
        assert sp == _STACK
        (result,) = struct.unpack_from("<I", self._memory, _AFTER)
        return int(result)

    def _wait(self, name: str) -> None:
        for _ in range(int(_SECONDS / 0.5)):
            ready, _, _ = select.select([self._reply], [], [], 0.5)
            if ready:
                os.read(self._reply, 1)
                return
            if self._process.poll() is not None:
                said = (self._process.stderr.read() if self._process.stderr else b"").decode(errors="replace")
                raise BoardError(f"QEMU ended in {name}: {said.strip()}")
        raise BoardError(f"{name} has not returned after {_SECONDS:g} s in QEMU")

    def address(self, name: str) -> int:
        """Where a variable or a function is."""
        return self._symbols[name]

    def write(self, address: int, data: bytes) -> None:
        """Write bytes."""
        self._memory[address - _MEMORY : address - _MEMORY + len(data)] = data

    def read(self, address: int, n: int) -> bytes:
        """Read bytes."""
        return bytes(self._memory[address - _MEMORY : address - _MEMORY + n])

    def clear(self) -> None:
        """Begin to count anew."""
        self._counts[:] = 0

    def counts(self) -> dict[str, int]:
        """Executed instructions by function, since the last `clear`."""
        found: Counter[str] = Counter()
        # The agent still runs until it waits.
        counts = self._counts.copy()
        for place in np.flatnonzero(counts).tolist():
            name = self.elf.function_at(2 * place)
            if not name.startswith("agent_"):
                found[name] += int(counts[place])
        return dict(found)

    def cycles(self, *, wait_states: int = 0, worst: bool = True, multiply: int = 1) -> dict[str, int]:
        """0 for each function: there is no model of cycles of Cortex-M55."""
        del wait_states, worst, multiply
        return dict.fromkeys(self.counts(), 0)


def _mapped(path: Path, size: int, mapped: int) -> mmap.mmap:
    """The begin of a new file of zeros."""
    with path.open("w+b") as file:
        file.truncate(size)
        return mmap.mmap(file.fileno(), mapped)


def _end(process: subprocess.Popen[bytes], pipes: tuple[int, int], folder: tempfile.TemporaryDirectory[str]) -> None:
    process.kill()
    process.wait()
    if process.stderr:
        process.stderr.close()
    for pipe in pipes:
        os.close(pipe)
    folder.cleanup()


def _qemu() -> str:
    found = shutil.which("qemu-system-arm")
    if found is None:
        raise BoardError("no QEMU: apt-get install qemu-system-arm")
    return found


@cache
def _plugin() -> Path:
    """The plugin for this QEMU, in the cache."""
    said = subprocess.run([_qemu(), "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    major = re.search(r"version (\d+)\.", said)
    version = 1 if major and int(major.group(1)) < 9 else 2
    source = _HERE / "qemu_count.c"
    folder = cache_folder() / "bare" / digest(source.read_bytes(), str(version))
    if not (folder / "qemu_count.so").exists():
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            raise BoardError("no C compiler for this machine, which the counting of QEMU needs: apt-get install gcc")
        with tempfile.TemporaryDirectory() as name:
            words = [compiler, "-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
            words += [f"-DPLUGIN_VERSION={version}", str(source), "-o", str(Path(name) / "qemu_count.so")]
            subprocess.run(words, check=True, timeout=120)
            keep(Path(name), folder)
    return folder / "qemu_count.so"
