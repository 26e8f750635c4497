"""Instructions as far as their cycles ask, decoded by Capstone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import capstone
from capstone import arm as arm_ids
from capstone import riscv as riscv_ids

__all__ = ["Decoded", "decode"]

_LINKS = frozenset({"bl", "blx"})
_ALWAYS = frozenset({"b", "bl", "bx", "blx", "tbb", "tbh"})
_RV_JUMPS = frozenset({"j", "jal", "jalr", "jr"})
_RV_BRANCHES = frozenset({"beq", "bne", "blt", "bge", "bltu", "bgeu", "beqz", "bnez"})
_RV_STORES = frozenset({"sw", "sh", "sb", "swsp"})
_RV_LOADS = frozenset({"lw", "lh", "lhu", "lb", "lbu", "lwsp"})
#: Short forms whose first register is written only.
_RV_FRESH = frozenset({"c.mv", "c.li", "c.lui", "c.addi4spn"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """An instruction.

    `kind` is "load", "store", "pair", "list", "jump" or "". `jumps` tells whether it always or perhaps changes PC,
    `link` whether it is a branch with link to a label. `address` are the registers that an address is made of,
    `literal` tells that PC is.
    """

    name: str
    kind: str
    size: int
    registers: int
    reads: frozenset[str]
    writes: frozenset[str]
    address: frozenset[str]
    jumps: bool
    always: bool
    link: bool
    indexed: bool
    updates: bool
    literal: bool


def decode(code: bytes, address: int, *, arm: bool) -> Sequence[Decoded]:
    """The instructions of a piece of code.

    Raises:
        ValueError: some of it is no instruction.
    """
    made = _ARM if arm else _RISCV
    found = [_of_arm(i) if arm else _of_riscv(i) for i in made.disasm(code, address)]
    if sum(i.size for i in found) != len(code):
        raise ValueError(f"the code at {address:#x} is not understood behind {len(found)} instructions: {code.hex()}")
    return found


def _engine(arch: int, mode: int) -> Any:
    made = capstone.Cs(arch, mode)
    made.detail = True
    return made


_ARM = _engine(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8)
_RISCV = _engine(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV32 | capstone.CS_MODE_RISCVC)


def _of_arm(insn: Any) -> Decoded:
    name = insn.insn_name()
    reads, writes = ({insn.reg_name(r) for r in registers} for registers in insn.regs_access())
    memory = [o.mem for o in insn.operands if o.type == arm_ids.ARM_OP_MEM]
    listed = len(insn.operands) - (name not in {"push", "pop"})
    kind, address = "", set[str]()
    if name.startswith(("ldrd", "strd")):
        kind, listed = "pair", 2
    elif name.startswith(("ldm", "stm", "push", "pop")):
        kind = "list"
    elif name.startswith("ldr"):
        kind = "load"
    elif name.startswith("str"):
        kind = "store"
    if memory:
        address = {insn.reg_name(r) for r in (memory[0].base, memory[0].index) if r}
    elif kind == "list":
        address = {"sp"} if name in {"push", "pop"} else {insn.reg_name(insn.operands[0].reg)}
    jumps = name in _ALWAYS or name.startswith("cb") or "pc" in writes
    return Decoded(
        name=name,
        kind=kind,
        size=insn.size,
        registers=listed,
        reads=frozenset(reads),
        writes=frozenset(writes),
        address=frozenset(address - {"pc"}),
        jumps=jumps,
        always=jumps and insn.cc == arm_ids.ARM_CC_AL and not name.startswith("cb"),
        link=name in _LINKS and insn.operands[0].type == arm_ids.ARM_OP_IMM,
        indexed=bool(memory) and bool(memory[0].index),
        updates=bool(insn.writeback),
        literal="pc" in address,
    )


def _of_riscv(insn: Any) -> Decoded:
    full = insn.insn_name()
    name = full.removeprefix("c.")
    registers = [insn.reg_name(o.reg) for o in insn.operands if o.type == riscv_ids.RISCV_OP_REG]
    memory = [insn.reg_name(o.mem.base) for o in insn.operands if o.type == riscv_ids.RISCV_OP_MEM]
    if name in {"lwsp", "swsp"}:
        memory = ["sp"]
    load, store, branch = name in _RV_LOADS, name in _RV_STORES, name in _RV_BRANCHES
    jumps = branch or name in _RV_JUMPS
    written = set() if store or jumps else set(registers[:1])
    read = set(registers) if branch or name in {"jr", "jalr"} else set(registers[1:])
    if full.startswith("c.") and not (load or store or full in _RV_FRESH):
        read |= set(registers[:1])
    read = set() if load or store else read
    return Decoded(
        name=name,
        kind="load" if load else "store" if store else "",
        size=insn.size,
        registers=1,
        reads=frozenset(read | set(memory)),
        writes=frozenset(written),
        address=frozenset(memory),
        jumps=jumps,
        always=name in _RV_JUMPS,
        link=False,
        indexed=False,
        updates=False,
        literal=False,
    )
