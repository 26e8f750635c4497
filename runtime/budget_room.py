"""Whether a model fits a board, and by how many bytes: from its built firmware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from spikelet import board_files
from spikelet.board_files import Board
from spikelet.errors import NoRoomError
from spikelet.firmware import Build, build
from spikelet.graded.model import GradedModel
from spikelet.model import Model
from spikelet.networks import work_of
from spikelet.stack import StackBound

__all__ = ["Room", "room"]

#: Flash and RAM that no board lacks.
_PLENTY = 2**28


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Bytes of a firmware with a model in it, and of the board; both parts add up to what is used.

    `flash` has the image, the engine's functions, and the rest of the firmware; `ram` the stack that is kept,
    variables, and what the model works in. `stack` is the bound that gcc gives.
    """

    board: Board
    compiler: str
    flash: Mapping[str, int]
    ram: Mapping[str, int]
    flash_length: int
    stack: StackBound

    @property
    def flash_spare(self) -> int:
        """Bytes of flash that are left; below 0: missing."""
        return self.flash_length - sum(self.flash.values())

    @property
    def ram_spare(self) -> int:
        """Bytes of RAM that are left; below 0: missing."""
        return self.board.ram.length - sum(self.ram.values())

    @property
    def stack_spare(self) -> int | None:
        """Bytes of the kept stack that are never used; below 0: missing; None: nobody knows."""
        return None if self.stack.bytes is None else self.board.stack - self.stack.bytes

    @property
    def missing(self) -> str:
        """What does not fit, in words; empty: all does."""
        said = [
            f"{-spare:,} bytes of {memory} are missing ({sum(used.values()):,} needed, {length:,} there)"
            for memory, spare, used, length in (
                ("flash", self.flash_spare, self.flash, self.flash_length),
                ("RAM", self.ram_spare, self.ram, self.board.ram.length),
            )
            if spare < 0
        ]
        if self.stack_spare is not None and self.stack_spare < 0:
            said.append(f"{-self.stack_spare:,} bytes of stack are missing")
        return "; ".join(said)

    def check(self) -> None:
        """Go on only if it fits.

        Raises:
            NoRoomError: it does not: how many bytes are missing, in which memory.
        """
        if self.missing:
            raise NoRoomError(f"the model does not fit {self.board.name}: {self.missing}")


def room(model: Model | GradedModel, board: str | Board, *, compiler: str = "auto") -> Room:
    """Build a model into a board's firmware, as if the board had memory enough, and see.

    Raises:
        BoardError: unknown board or no compiler.
    """
    target = board_files.load(board)
    large = replace(
        target, flash=replace(target.flash, length=_PLENTY), ram=replace(target.ram, length=_PLENTY), slot=None
    )
    made = build(large, model=model, compiler=compiler)
    work = work_of(model)
    return Room(
        board=target,
        compiler=made.compiler,
        flash=_flash(made),
        ram={"stack": target.stack, "variables": made.ram.used - work - target.stack, "model": work},
        flash_length=target.flash.length + (target.slot.length if target.slot else 0),
        stack=made.stack,
    )


def _flash(made: Build) -> dict[str, int]:
    engine = sum(symbol.size for symbol in made.symbols if symbol.function and symbol.name in made.engine)
    return {"model": made.image, "engine": engine, "firmware": made.flash.used - made.image - engine}
