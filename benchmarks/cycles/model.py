"""Cycles of blocks of code on a core: what tables.py tells, added up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.cycles.decoded import Decoded, decode
from benchmarks.cycles.tables import TABLES

__all__ = ["LINE", "Chip", "CycleModel"]

#: Bytes that flash with wait states gives at a time, as on many chips of 100 MHz and more.
LINE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """What a core's manual leaves open.

    `wait_states` are those of flash, from which the program runs. `worst` takes the upper ends of the manual's ranges,
    but for the multiplication of Cortex-M0+: `multiply` are its cycles, 1 or 32.
    """

    wait_states: int = 0
    worst: bool = True
    multiply: int = 1


class CycleModel:
    """Cycles of blocks of a core.

    Args:
        core: of tables.TABLES.
        read: reads bytes of the program: address, size.
        chip: what the manual leaves open.
    """

    def __init__(self, core: str, read: Callable[[int, int], bytes], chip: Chip) -> None:
        self.table, self.read, self.chip = TABLES[core], read, chip
        self.arm = core != "RV32IMC"
        self._blocks: dict[tuple[int, int], tuple[int, bool, bool]] = {}
        self._far: dict[int, bool] = {}

    def cycles(self, block: tuple[int, int], following: int) -> int:
        """Cycles of a block, (address, size), that the program left for the address `following`."""
        if block not in self._blocks:
            self._blocks[block] = self._straight(*block)
        straight, jumps, always = self._blocks[block]
        if not always and (not jumps or following == sum(block)):
            return straight
        return straight + self._taken(following)

    def _straight(self, address: int, size: int) -> tuple[int, bool, bool]:
        """Cycles of a block whose last branch is not taken; whether it may branch, and whether it always does."""
        found = decode(self.read(address, size), address, arm=self.arm)
        last = found[-1]
        cycles = sum(self._alone(found, i) for i in range(len(found)))
        if last.kind in {"load", "list"} and last.jumps:
            cycles += self.table.refill_after_load - self.table.refill
        cycles += self.table.call * last.link
        lines = (address + size - 1) // LINE - address // LINE
        cycles = max(cycles, lines * (self.chip.wait_states + 1) if self.chip.wait_states else 0)
        cycles += self.chip.wait_states * sum(i.literal for i in found)
        return cycles, last.jumps, last.always

    def _taken(self, target: int) -> int:
        """What a branch costs that is taken."""
        return self.table.refill + self.chip.wait_states + self._is_far(target) * self.table.far

    def _is_far(self, target: int) -> bool:
        """Whether the instruction at a target is a long one across words."""
        if target not in self._far:
            self._far[target] = not self.arm and target % 4 == 2 and self.read(target, 1)[0] & 3 == 3
        return self._far[target]

    def _alone(self, found: Sequence[Decoded], i: int) -> int:
        """Cycles of an instruction among its neighbours."""
        this, before = found[i], found[i - 1] if i else None
        table = self.table
        cycles = self._figure(this)
        alone = this.kind == "store" and not this.indexed
        if table.pipelined and (alone or (before and self._pairs(before, this))):
            cycles -= 1
        if table.stalled and before and before.kind == "" and before.writes & this.address:
            cycles += 1
        if table.after_load and before and before.kind == "load" and before.writes & this.reads:
            cycles += table.after_load
        return cycles

    def _pairs(self, before: Decoded, this: Decoded) -> bool:
        """Whether a load or store hides behind the load before it."""
        singles = before.kind == "load" and this.kind in {"load", "store"}
        updates = this.updates or before.updates
        return singles and not before.writes & this.address and (self.table.updates_pipelined or not updates)

    def _figure(self, this: Decoded) -> int:
        """Cycles that the table gives an instruction."""
        figure = self.table.by_name.get(this.name)
        if figure is None:
            return 1
        if this.name == "mul":
            return self.chip.multiply
        return (figure.most if self.chip.worst else figure.least) + figure.each * this.registers
