"""A bare core in Unicorn (or QEMU): builds C and assembly for it, calls functions, counts instructions.

There is no start-up code and no peripheral: segments are written to where they run, a call sets the
registers and runs until the function returns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import unicorn
from benchmarks.instructions import machine_qemu
from benchmarks.instructions.machine_qemu import QemuMachine
from unicorn import arm_const, riscv_const

from spikelet import board_files, elf
from spikelet._data import path as data_path
from spikelet.compile import STRICT, compile_all, keep
from spikelet.emulator_cores import core_of
from spikelet.toolchain import cache_folder, digest, find

__all__ = ["BOARDS", "CORES", "MEMORIES", "RAM", "STOP", "Machine", "build", "kernel_file", "linker_script", "start"]

#: The boards of Unicorn, whose cores have budgets, by the name of the core in tables.
BOARDS: Mapping[str, str] = {
    "M4": "cortex-m4",
    "M33": "cortex-m33",
    "M3": "cortex-m3",
    "M0+": "cortex-m0",
    "RV32IMC": "rv32imc",
}
#: The same with cores that only QEMU has.
CORES: Mapping[str, str] = {**BOARDS, "M55": "mps3-an547"}
#: Where data begins that the caller of a function lays out, in Unicorn.
RAM = 0x2020_0000
#: Origins and lengths.
MEMORIES = ((0, 0x40_0000), (0x2000_0000, 0x80_0000))
_STACK = 0x2010_0000
#: Where it begins in a call; the words behind are for arguments.
_TOP = _STACK - 32
#: Where functions return to.
STOP = 0x1000
#: The block before the first one of a call.
_NOWHERE = (0, 0)
_LINKER_SCRIPT = """
SECTIONS
{
    .text 0x10000 : { *(.text .text.*) }
    .rodata : { *(.rodata .rodata.* .srodata .srodata.*) }
    .data 0x20000000 : { *(.data .data.* .sdata .sdata.*) }
    .bss : { *(.bss .bss.* .sbss .sbss.* COMMON) }
    /DISCARD/ : { *(.ARM.* .eh_frame .eh_frame.* .comment .note .note.*) }
}
"""


def kernel_file(core: str, name: str) -> Path:
    """The file of a kernel for a core: of the first set that has it."""
    sets = board_files.load(CORES[core]).kernels
    choice = (data_path("csrc") / "kernels" / s / f"{name}{suffix}" for s in sets for suffix in (".S", ".c"))
    return next(file for file in choice if file.exists())


def linker_script(core: str) -> str:
    """Where a program for a core lies."""
    return _LINKER_SCRIPT if core in BOARDS else machine_qemu.LINKER_SCRIPT


def build(core: str, sources: Sequence[Path], roots: Sequence[str], compiler: str, optimise: str = "2") -> Path:
    """Link files for a core; `roots` are the functions to be called. Comes from the cache if unchanged."""
    board = board_files.load(CORES[core])
    script = linker_script(core)
    toolchain = find(board.arch, compiler)
    own = list(board.flags[toolchain.kind])
    csrc = data_path("csrc")
    includes = [csrc / folder for folder in ("include", "engine", "graded")]
    more = [data_path("firmware") / "app" / "mem.c", *([] if core in BOARDS else [machine_qemu.AGENT])]
    objects = compile_all(toolchain, [*sources, *more], flags=[*own, f"-O{optimise}", *STRICT], includes=includes)
    own += ["-Wl,--gc-sections", f"-Wl,-e,{roots[0]}", *(f"-Wl,-u,{name}" for name in roots)]
    own += ["-nostartfiles", "-nodefaultlibs"] if toolchain.kind == "gcc" else ["-O2"]
    folder = cache_folder() / "bare" / digest(toolchain.version, script, *own, *map(str, objects))
    if not (folder / "bare.elf").exists():
        with TemporaryDirectory() as name:
            scratch = Path(name)
            (scratch / "bare.ld").write_text(script)
            library = ["-lgcc"] if toolchain.kind == "gcc" else []
            toolchain.run([*own, "-T", scratch / "bare.ld", *objects, *library, "-o", scratch / "bare.elf"])
            keep(scratch, folder)
    return folder / "bare.elf"


def start(core: str, program: Path, *, count: bool = False) -> Machine | QemuMachine:
    """A core with a program, in the emulator that has it."""
    if core in BOARDS:
        return Machine(core, program, count=count)
    return QemuMachine(board_files.load(CORES[core]), program, count=count)


class Machine:
    """A core with a program in Unicorn.

    `counts` are instructions by function since the last `clear`, when `count` was asked for, and `cycles` what these
    take by the manual of the core.
    """

    #: Where data begins that the caller of a function lays out.
    ram = RAM

    def __init__(self, core: str, program: Path, *, count: bool = False) -> None:
        board = board_files.load(BOARDS[core])
        self.name = core
        self.core = core_of(board.emulator["cpu"], unicorn, arm_const, riscv_const)
        self.elf = elf.read(program)
        self.uc: Any = self.core.make()
        for origin, length in MEMORIES:
            self.uc.mem_map(origin, length)
        for segment in self.elf.segments:
            self.uc.mem_write(segment.address, segment.data)
        self._arm = board.arch == "arm"
        self._symbols = {symbol.name: symbol.address for symbol in self.elf.symbols}
        self._ways: Counter[tuple[tuple[int, int], int]] = Counter()
        self._last = _NOWHERE
        if count:
            self.uc.hook_add(unicorn.UC_HOOK_BLOCK, self._on_block)

    def _on_block(self, _uc: Any, address: int, size: int, _data: Any) -> None:
        self._ways[self._last, address] += 1
        self._last = address, size

    def _names(self) -> tuple[list[int], int, int, int]:
        """Argument registers, stack pointer, return address, program counter."""
        if self._arm:
            a = arm_const
            arguments = [getattr(a, f"UC_ARM_REG_R{i}") for i in range(4)]
            return arguments, a.UC_ARM_REG_SP, a.UC_ARM_REG_LR, a.UC_ARM_REG_PC
        r = riscv_const
        arguments = [getattr(r, f"UC_RISCV_REG_A{i}") for i in range(8)]
        return arguments, r.UC_RISCV_REG_SP, r.UC_RISCV_REG_RA, r.UC_RISCV_REG_PC

    def preserved(self) -> dict[int, int]:
        """The registers that a function must leave alone, but for the stack pointer, and what they hold."""
        if self._arm:
            registers = [getattr(arm_const, f"UC_ARM_REG_R{i}") for i in range(4, 12)]
        else:
            names = ["GP", "TP", *(f"S{i}" for i in range(12))]
            registers = [getattr(riscv_const, f"UC_RISCV_REG_{name}") for name in names]
        return {register: self.uc.reg_read(register) for register in registers}

    def scramble(self) -> dict[int, int]:
        """Give these registers values of their own; returns what they hold."""
        for i, register in enumerate(self.preserved()):
            self.uc.reg_write(register, 0xA5C3_0000 + 0x1111 * i)
        return self.preserved()

    def enter(self, name: str, *arguments: int) -> int:
        """Prepare to call a function with words, those beyond the registers on the stack.

        Returns:
            Its address, with the Thumb bit.
        """
        registers, sp, lr, pc = self._names()
        thumb = int(self._arm)
        self.uc.reg_write(sp, _TOP)
        more = b"".join((value & 0xFFFF_FFFF).to_bytes(4, "little") for value in arguments[len(registers) :])
        self.uc.mem_write(_TOP, more)
        self.uc.reg_write(lr, STOP | thumb)
        self.uc.reg_write(pc, self._symbols[name])
        for register, value in zip(registers, arguments, strict=False):
            self.uc.reg_write(register, value & 0xFFFF_FFFF)
        return self._symbols[name] | thumb

    def registers(self) -> list[int]:
        """Registers of an Arm core, r0 to r12, SP, LR and PC."""
        names = [*(f"R{i}" for i in range(13)), "SP", "LR", "PC"]
        return [int(self.uc.reg_read(getattr(arm_const, f"UC_ARM_REG_{name}"))) for name in names]

    def call(self, name: str, *arguments: int) -> int:
        """Call a function with words, those beyond the registers on the stack; returns its word."""
        registers, sp, _, pc = self._names()
        entry = self.enter(name, *arguments)
        self._last = _NOWHERE
        self.uc.emu_start(entry, STOP)
        self._ways[self._last, STOP] += 1
        assert self.uc.reg_read(pc) & ~1 == STOP
        assert self.uc.reg_read(sp) == _TOP
        return int(self.uc.reg_read(registers[0])) & 0xFFFF_FFFF

    def address(self, name: str) -> int:
        """Where a variable or a function is."""
        return self._symbols[name]

    def write(self, address: int, data: bytes) -> None:
        """Write bytes."""
        self.uc.mem_write(address, data)

    def read(self, address: int, n: int) -> bytes:
        """Read bytes."""
        return bytes(self.uc.mem_read(address, n))

    def clear(self) -> None:
        """Begin to count anew."""
        self._ways.clear()

    def blocks(self) -> Counter[tuple[int, int]]:
        """How often each block ran, by address and size."""
        found: Counter[tuple[int, int]] = Counter()
        for (block, _), n in self._ways.items():
            found[block] += n
        del found[_NOWHERE]
        return found

    def counts(self) -> dict[str, int]:
        """Executed instructions by function."""
        found: Counter[str] = Counter()
        for (address, size), n in self.blocks().items():
            found[self.elf.function_at(address)] += n * self.core.count(self.read(address, size))
        return dict(found)

    def cycles(self, *, wait_states: int = 0, worst: bool = True, multiply: int = 1) -> dict[str, int]:
        """Modelled cycles by function: docs/explanation/cycles.md.

        Args:
            wait_states: of flash, from which the program runs.
            worst: the upper ends of the ranges that the core's manual gives, instead of the lower ones.
            multiply: cycles of a multiplication on Cortex-M0+, 1 or 32.
        """
        from benchmarks.cycles.model import Chip, CycleModel

        model = CycleModel(self.name, self.read, Chip(wait_states=wait_states, worst=worst, multiply=multiply))
        found: Counter[str] = Counter()
        for (block, following), n in self._ways.items():
            if block != _NOWHERE:
                found[self.elf.function_at(block[0])] += n * model.cycles(block, following)
        return dict(found)
