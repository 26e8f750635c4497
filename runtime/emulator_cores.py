"""Cores and peripherals of emulated boards, for the child process of `spikelet.emulator`.

Knows no Unicorn of its own: the modules are handed in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Protocol

__all__ = ["Core", "core_of"]

Read = Callable[[Any, int, int, Any], int]
Write = Callable[[Any, int, int, int, Any], None]


class Console(Protocol):
    """What peripherals need of the machine."""

    received: bytearray
    clock_hz: int

    def send(self, byte: int) -> None:
        """Take a byte from the board."""

    def cycles(self) -> int:
        """Cycles since the start."""


class Core(ABC):
    """One kind of processor."""

    def __init__(self, cpu: str, unicorn: ModuleType, registers: ModuleType) -> None:
        self.cpu, self.unicorn, self.registers = cpu, unicorn, registers

    @abstractmethod
    def make(self) -> Any:
        """A new Uc."""

    @abstractmethod
    def start(self, uc: Any, entry: int, vectors: int) -> None:
        """Set the registers as after reset."""

    @abstractmethod
    def pc(self, uc: Any) -> int:
        """The program counter."""

    @abstractmethod
    def resume(self, uc: Any) -> int:
        """Where to go on."""

    @abstractmethod
    def argument(self, uc: Any) -> int:
        """The first argument of the function that has just been entered."""

    @abstractmethod
    def count(self, code: bytes) -> int:
        """The number of instructions in a block."""

    @abstractmethod
    def peripherals(self, console: Console, uart: int, counter: int) -> Iterator[tuple[int, Read, Write]]:
        """Base address, read and write of each peripheral; `counter` is 0 where the board's file has none."""


class CortexM(Core):
    """Cortex-M with a CMSDK UART, SysTick, the counter of Arm's FPGAIO, and an NVIC that nobody asks."""

    def make(self) -> Any:
        """See Core."""
        u = self.unicorn
        uc = u.Uc(u.UC_ARCH_ARM, u.UC_MODE_THUMB | u.UC_MODE_MCLASS)
        uc.ctl_set_cpu_model(getattr(self.registers, f"UC_CPU_ARM_{self.cpu}"))
        return uc

    def start(self, uc: Any, entry: int, vectors: int) -> None:
        """See Core."""
        del entry
        stack, reset = (int.from_bytes(uc.mem_read(vectors + i, 4), "little") for i in (0, 4))
        uc.reg_write(self.registers.UC_ARM_REG_SP, stack)
        uc.reg_write(self.registers.UC_ARM_REG_PC, reset & ~1)

    def pc(self, uc: Any) -> int:
        """See Core."""
        return int(uc.reg_read(self.registers.UC_ARM_REG_PC)) & ~1

    def resume(self, uc: Any) -> int:
        """See Core."""
        return self.pc(uc) | 1

    def argument(self, uc: Any) -> int:
        """See Core."""
        return int(uc.reg_read(self.registers.UC_ARM_REG_R0))

    def count(self, code: bytes) -> int:
        """See Core."""
        n = at = 0
        while at < len(code):
            at += 4 if code[at + 1] >> 3 in {0b11101, 0b11110, 0b11111} else 2
            n += 1
        return n

    def peripherals(self, console: Console, uart: int, counter: int) -> Iterator[tuple[int, Read, Write]]:
        """See Core."""

        def read_uart(_uc: Any, offset: int, _size: int, _data: Any) -> int:
            if offset == 4:
                return 2 if console.received else 0
            return console.received.pop(0) if offset == 0 and console.received else 0

        def write_uart(_uc: Any, offset: int, _size: int, value: int, _data: Any) -> None:
            if offset == 0:
                console.send(value)

        def read_system(_uc: Any, offset: int, _size: int, _data: Any) -> int:
            return 0xFFFFFF - console.cycles() % 0x1000000 if offset == 0x18 else 0

        def write_system(_uc: Any, _offset: int, _size: int, _value: int, _data: Any) -> None:
            pass

        prescale = 0

        def read_counter(_uc: Any, offset: int, _size: int, _data: Any) -> int:
            return console.cycles() // (prescale + 1) & 0xFFFF_FFFF if offset == 0x18 else 0

        def write_counter(_uc: Any, offset: int, _size: int, value: int, _data: Any) -> None:
            nonlocal prescale
            if offset == 0x1C:
                prescale = value

        yield uart, read_uart, write_uart
        yield 0xE000E000, read_system, write_system
        if counter:
            yield counter, read_counter, write_counter


class Rv32(Core):
    """RV32IMC with a 16550, a PLIC that nobody asks, and the CLINT's clock."""

    _CLINT_HZ = 10_000_000

    def make(self) -> Any:
        """See Core."""
        return self.unicorn.Uc(self.unicorn.UC_ARCH_RISCV, self.unicorn.UC_MODE_RISCV32)

    def start(self, uc: Any, entry: int, vectors: int) -> None:
        """See Core."""
        del vectors
        uc.reg_write(self.registers.UC_RISCV_REG_PC, entry)

    def pc(self, uc: Any) -> int:
        """See Core."""
        return int(uc.reg_read(self.registers.UC_RISCV_REG_PC))

    def resume(self, uc: Any) -> int:
        """See Core."""
        return self.pc(uc)

    def argument(self, uc: Any) -> int:
        """See Core."""
        return int(uc.reg_read(self.registers.UC_RISCV_REG_A0))

    def count(self, code: bytes) -> int:
        """See Core."""
        n = at = 0
        while at < len(code):
            at += 4 if code[at] & 3 == 3 else 2
            n += 1
        return n

    def peripherals(self, console: Console, uart: int, counter: int) -> Iterator[tuple[int, Read, Write]]:
        """See Core."""

        def read_uart(_uc: Any, offset: int, _size: int, _data: Any) -> int:
            if offset == 5:
                return 0x21 if console.received else 0x20
            return console.received.pop(0) if offset == 0 and console.received else 0

        def write_uart(_uc: Any, offset: int, _size: int, value: int, _data: Any) -> None:
            if offset == 0:
                console.send(value)

        def read_clint(_uc: Any, offset: int, _size: int, _data: Any) -> int:
            ticks = console.cycles() * self._CLINT_HZ // console.clock_hz
            return {0xFF8: ticks, 0xFFC: ticks >> 32}.get(offset, 0) & 0xFFFF_FFFF

        def read_nothing(_uc: Any, _offset: int, _size: int, _data: Any) -> int:
            return 0

        def write_nothing(_uc: Any, _offset: int, _size: int, _value: int, _data: Any) -> None:
            pass

        del counter
        yield uart, read_uart, write_uart
        yield 0x0200B000, read_clint, write_nothing
        for page in (0x0C000000, 0x0C002000, 0x0C200000):
            yield page, read_nothing, write_nothing


def core_of(cpu: str, unicorn: ModuleType, arm: ModuleType, riscv: ModuleType) -> Core:
    """The core that a board's file names."""
    return Rv32(cpu, unicorn, riscv) if cpu == "RV32" else CortexM(cpu, unicorn, arm)
