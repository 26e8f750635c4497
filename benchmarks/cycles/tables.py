"""What the manuals of cores tell of cycles: a table for each core, each figure with its section.

What no figure names takes one cycle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

__all__ = ["TABLES", "Figure", "Table", "rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Cycles of instructions of the given names: `least` to `most`, and `each` for each register of a list.

    `why` tells why a figure is a range, empty: it is none.
    """

    names: tuple[str, ...]
    least: int
    most: int
    section: str
    each: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A core.

    `refill` are the cycles that a taken branch adds, `refill_after_load` those that a load to PC adds, `call` those
    that a branch with link to a label adds beside. `pipelined` tells whether a load right behind a load takes a cycle
    less, `updates_pipelined` whether one that changes its base does too, and `stalled` whether an address that the
    instruction before computed costs one more. A `far` target is a long instruction across words; it adds as many.
    """

    manual: str
    figures: tuple[Figure, ...]
    refill: int
    refill_section: str
    refill_after_load: int
    call: int = 0
    pipelined: bool = False
    updates_pipelined: bool = False
    stalled: bool = False
    stall_section: str = ""
    after_load: int = 0
    far: int = 0
    note: str = ""
    by_name: Mapping[str, Figure] = field(init=False)

    def __post_init__(self) -> None:
        found = {name: figure for figure in self.figures for name in figure.names}
        object.__setattr__(self, "by_name", found)


def _one(names: str, cycles: int, section: str, *, most: int | None = None, each: int = 0, why: str = "") -> Figure:
    return Figure(
        names=tuple(names.split()),
        least=cycles,
        most=cycles if most is None else most,
        section=section,
        each=each,
        why=why,
    )


_LOADS = "ldr ldrb ldrh ldrsb ldrsh"
_STORES = "str strb strh"
_LISTS = "ldm ldmdb stm stmdb push pop"
_PAIRS = "ldrd strd"
_OPERANDS = "ends early, by its operands"

_M0 = Table(
    manual="Cortex-M0+ Technical Reference Manual, Arm DDI 0484C",
    figures=(
        _one("mul", 1, "3.3, note a", most=32, why="the multiplier that the chip's maker chose"),
        _one(f"{_LOADS} {_STORES}", 2, "3.3"),
        _one(_LISTS, 1, "3.3", each=1),
        _one("mrs msr dmb dsb isb", 3, "3.3"),
    ),
    refill=1,
    refill_section="3.3",
    refill_after_load=2,
    call=1,
    note="Loads and stores of a single-cycle I/O port take one cycle less; there is none in these programs.",
)

_M3 = Table(
    manual="Cortex-M3 Technical Reference Manual, Arm DDI 0337I",
    figures=(
        _one("mla mls", 2, "3.3.1"),
        _one("umull smull", 3, "3.3.1, note a", most=5, why=_OPERANDS),
        _one("umlal smlal", 4, "3.3.1, note a", most=7, why=_OPERANDS),
        _one("udiv sdiv", 2, "3.3.1, note b", most=12, why=_OPERANDS),
        _one(_LOADS, 2, "3.3.1, note c"),
        _one(_STORES, 2, "3.3.1, note c; 1 with an immediate offset: 3.3.2"),
        _one(f"{_PAIRS} {_LISTS}", 1, "3.3.1", each=1),
        _one("tbb tbh", 2, "3.3.1"),
        _one("mrs msr", 1, "3.3.1", most=2, why="by the register"),
    ),
    refill=2,
    refill_section="3.3.1: P is 1 to 3, by the target's place and width; 2 is taken",
    refill_after_load=2,
    pipelined=True,
    stalled=True,
    stall_section="3.3.2",
)

_M4 = replace(
    _M3,
    manual="Cortex-M4 Technical Reference Manual, Arm DDI 0439B",
    figures=(
        _one("udiv sdiv", 2, "3.3.1, note c", most=12, why=_OPERANDS),
        *(figure for figure in _M3.figures if not {"mla", "umull", "umlal", "udiv"} & set(figure.names)),
    ),
    updates_pipelined=True,
    note="All multiplications take one cycle: 3.3.1.",
)

_M33 = replace(
    _M4,
    note="Arm publishes no cycles of instructions for Cortex-M33 (100230). The figures of Cortex-M4 stand in.",
)

_RV32 = Table(
    manual="Hazard3, doc/sections/instruction_timings.adoc (a plain core in order, the one of RP2350)",
    figures=(
        _one("div rem", 18, "M Extension", most=19, why="by the signs"),
        _one("divu remu", 18, "M Extension"),
    ),
    refill=1,
    refill_section="RV32I: 2 for jumps, and for branches that are not predicted; its predictor is not assumed",
    refill_after_load=1,
    after_load=1,
    far=1,
    note="Loads take one cycle more where the next instruction needs what they load.",
)

#: By the names of cores in benchmarks.instructions.machine.BOARDS.
TABLES: Mapping[str, Table] = {"M0+": _M0, "M3": _M3, "M4": _M4, "M33": _M33, "RV32IMC": _RV32}


def rows(table: Table) -> Iterator[tuple[str, str, str]]:
    """Instructions, cycles and section of each figure, in words."""
    for figure in table.figures:
        cycles = f"{figure.least}" if figure.least == figure.most else f"{figure.least} to {figure.most} ({figure.why})"
        cycles += " + 1 a register" if figure.each else ""
        yield ", ".join(f"`{name}`" for name in figure.names), cycles, figure.section
    yield "a branch that is taken, a jump", f"1 + {table.refill}", table.refill_section
    if table.call:
        yield "`bl`", f"1 + {table.refill + table.call}", table.refill_section
    if table.refill_after_load != table.refill:
        yield "`pop` with PC", f"1 + 1 a register + {table.refill_after_load}", table.refill_section
    if table.pipelined:
        what = (
            "a single load, or a single store with an index, right behind a single load that its address does not need"
        )
        yield what, "one less" + ("" if table.updates_pipelined else "; not where a load changes its base"), "3.3.2"
    if table.stalled:
        yield "an address that the instruction before computed, other than a load", "one more", table.stall_section
    if table.after_load:
        yield "a load, where the next instruction needs it", "one more", "RV32I"
    if table.far:
        yield "a jump to a long instruction that is not at a word", "one more", "C Extension"
