"""A board in Unicorn: the program of the child process of `spikelet.emulator`.

Unicorn is GPL and is imported here only, never in the user's process. The console is a socket that
is handed down; requests and answers about the emulation are lines of JSON on stdin and stdout.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import unicorn
from unicorn import arm_const, riscv_const
from unicorn.unicorn import UcError

from spikelet.emulator_cores import Core, core_of

__all__ = ["Machine", "main"]

_PAGE = 0x1000
#: Where emulation would end: no address of a board.
_NOWHERE = 0xFFFF_FFFE
_FLUSH = 4096
#: What the stack holds where it was never used.
_PAINT = b"\xa5"


class Machine:
    """A core, its memories, and a console."""

    def __init__(self, config: dict[str, Any], line: socket.socket) -> None:
        self.core: Core = core_of(config["cpu"], unicorn, arm_const, riscv_const)
        self.uc = self.core.make()
        self.clock_hz: int = config["clock_hz"]
        self.line = line
        self.received = bytearray()
        self.sent = bytearray()
        self.fault = ""
        self.closed = False
        self._blocks: defaultdict[int, int] = defaultdict(int)
        self._again: defaultdict[int, int] = defaultdict(int)
        self._lengths: dict[int, int] = {}
        self._inside: dict[int, bool] = {}
        self._counting: bool = config["count"]
        self._layers = _Layers(self, config["layers"]) if config["layers"] else None
        for memory in config["memories"]:
            self._map(memory["origin"], memory["length"], memory["write"], memory["execute"])
        self._stack: tuple[int, int] = config["stack"]
        self.uc.mem_write(self._stack[0], _PAINT * self._stack[1])
        for address, data in config["segments"]:
            self.uc.mem_write(address, bytes.fromhex(data))
        for base, read, write in self.core.peripherals(self, config["console"], config["counter"]):
            self.uc.mmio_map(base, _PAGE, read, None, write, None)
        if self._layers:
            self._layers.hook()
        if self._counting:
            self.uc.hook_add(unicorn.UC_HOOK_BLOCK, self._on_block)
        self.uc.hook_add(unicorn.UC_HOOK_MEM_INVALID, self._on_invalid)
        self.core.start(self.uc, config["entry"], config["vectors"])

    def _map(self, origin: int, length: int, write: bool, execute: bool) -> None:
        rights = (
            unicorn.UC_PROT_READ | (unicorn.UC_PROT_WRITE if write else 0) | (unicorn.UC_PROT_EXEC if execute else 0)
        )
        self.uc.mem_map(origin, -(-length // _PAGE) * _PAGE, rights)

    def _on_block(self, _uc: Any, address: int, size: int, _data: Any) -> None:
        self._blocks[address << 16 | size] += 1

    def _on_invalid(self, _uc: Any, access: int, address: int, size: int, _value: int, _data: Any) -> bool:
        verb = {
            unicorn.UC_MEM_WRITE_UNMAPPED: "write",
            unicorn.UC_MEM_WRITE_PROT: "write",
            unicorn.UC_MEM_FETCH_UNMAPPED: "fetch",
            unicorn.UC_MEM_FETCH_PROT: "fetch",
        }.get(access, "read")
        self.fault = f"{verb} of {size} bytes at {address:#010x}"
        return False

    def instructions(self) -> dict[int, int]:
        """Instructions executed, by the address of the block that they are in."""
        found: defaultdict[int, int] = defaultdict(int)
        for key, times in self._blocks.items():
            address = key >> 16
            found[address] += (times - self._again[address]) * self.length(key)
        return found

    def length(self, key: int) -> int:
        """Instructions of a block."""
        if key not in self._lengths:
            code = bytes(self.uc.mem_read(key >> 16, key & 0xFFFF))
            self._lengths[key] = self.core.count(code)
        return self._lengths[key]

    def cycles(self) -> int:
        """The clock of the board: instructions executed so far; where they are not counted, the host's time."""
        if not self._counting:
            return int(time.monotonic() * self.clock_hz)
        return sum(times * self.length(key) for key, times in self._blocks.items())

    def clear(self) -> None:
        """Begin to count anew."""
        self._blocks.clear()
        self._again.clear()
        if self._layers:
            self._layers.clear()

    def send(self, byte: int) -> None:
        """The board's transmitter."""
        self.sent.append(byte & 0xFF)
        if len(self.sent) >= _FLUSH:
            self.flush()

    def flush(self) -> None:
        """Hand what was sent to the host."""
        try:
            self.line.sendall(self.sent)
        except OSError:
            self.closed = True
        self.sent.clear()

    def run(self, control: Callable[[], bool]) -> None:
        """Run until the host goes away; the board waits for input in wfi, which ends emu_start."""
        while not self.closed:
            self.uc.emu_start(self.core.resume(self.uc), _NOWHERE)
            self.flush()
            pc = self.core.pc(self.uc)
            inside = self._is_inside(pc)
            self._wait(control)
            self._again[pc] += inside

    def _is_inside(self, pc: int) -> bool:
        """Whether a block goes on at its wfi: then it is counted again when it is resumed."""
        if pc not in self._inside:
            self._inside[pc] = any(key >> 16 < pc < (key >> 16) + (key & 0xFFFF) for key in self._blocks)
        return self._inside[pc]

    def _wait(self, control: Callable[[], bool]) -> None:
        while not self.received and not self.closed:
            ready, _, _ = select.select([self.line, sys.stdin], [], [])
            if sys.stdin in ready and not control():
                self.closed = True
            if self.line in ready:
                try:
                    data = self.line.recv(_FLUSH)
                except OSError:
                    data = b""
                self.closed = self.closed or not data
                self.received += data

    def report(self) -> dict[str, Any]:
        """Counts for the host, and the bytes of stack that were ever used."""
        stack = bytes(self.uc.mem_read(*self._stack))
        return {
            "counts": self._counting,
            "blocks": sorted(self.instructions().items()),
            "layers": self._layers.report() if self._layers else [],
            "stack": len(stack.lstrip(_PAINT)),
        }


class _Layers:
    """Shares the instructions of row and neuron kernels, and of the library that they call, out to populations.

    A neuron kernel is entered with a pointer to its population; the rows added since the one before
    were for this population. What the library does after an encoder was entered is no population's.
    """

    def __init__(self, machine: Machine, functions: Mapping[str, list[tuple[int, int]]]) -> None:
        self._machine, self._functions = machine, functions
        self._entries = {address for address, _ in functions["neurons"]}
        self._counts: dict[int, int] = {}
        self._current, self._rows = 0, 0

    def hook(self) -> None:
        """Ask to be called for each block of the functions."""
        calls = {
            "neurons": self._on_neurons,
            "rows": self._on_rows,
            "library": self._on_library,
            "encoders": self._on_encoder,
            "start": self._on_start,
        }
        for kind, call in calls.items():
            for address, size in self._functions[kind]:
                self._machine.uc.hook_add(unicorn.UC_HOOK_BLOCK, call, None, address, address + max(size, 2) - 1)

    def clear(self) -> None:
        """Begin to count anew; which populations there are stays known."""
        self._counts = dict.fromkeys(self._counts, 0)
        self._rows = 0

    def _on_start(self, *_: Any) -> None:
        self._counts, self._current, self._rows = {}, 0, 0

    def _on_rows(self, _uc: Any, address: int, size: int, _data: Any) -> None:
        self._rows += self._machine.length(address << 16 | size)

    def _on_neurons(self, uc: Any, address: int, size: int, _data: Any) -> None:
        if address in self._entries:
            self._current = self._machine.core.argument(uc)
            self._counts.setdefault(self._current, 0)
        self._counts[self._current] += self._machine.length(address << 16 | size) + self._rows
        self._rows = 0

    def _on_library(self, _uc: Any, address: int, size: int, _data: Any) -> None:
        if self._current:
            self._counts[self._current] += self._machine.length(address << 16 | size)

    def _on_encoder(self, *_: Any) -> None:
        self._current = 0

    def report(self) -> list[int]:
        """Instructions of each population: the engine keeps them in order."""
        return [n for _, n in sorted(self._counts.items())]


def main() -> None:
    """Read the configuration from stdin, run the board, tell of its end on stdout."""
    config = json.loads(sys.stdin.readline())
    machine = Machine(config, socket.socket(fileno=int(config["line"])))

    def control() -> bool:
        line = sys.stdin.readline()
        if not line:
            return False
        request = json.loads(line)
        print(json.dumps(machine.report()), flush=True)
        if request["reset"]:
            machine.clear()
        return True

    try:
        machine.run(control)
    except UcError as error:
        machine.flush()
        where = machine.core.pc(machine.uc)
        print(json.dumps({"fault": machine.fault or str(error), "pc": where}), flush=True)
        machine.line.close()


if __name__ == "__main__":
    main()
