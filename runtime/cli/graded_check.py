"""`spikelet check` of int8 networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikelet.budget_room import Room, room
from spikelet.cli.graded_options import get_graded_data
from spikelet.cli.limits import exceeded, exit_code
from spikelet.cli.options import is_network
from spikelet.cli.screen import Rows, counted, number, print_json, progress, say, size, status, table
from spikelet.fit import counting_board
from spikelet.graded.budget import GradedCost, graded_cost
from spikelet.graded.data import GradedDataSet
from spikelet.graded.data_shapes import Choices
from spikelet.graded.model import GradedModel
from spikelet.graded.report import describe, one_line

__all__ = ["check_graded"]

_LIMITS = {"flash": "bytes of flash", "ram": "bytes of RAM", "instructions": "instructions in an inference"}


def check_graded(
    model: GradedModel,
    path: Path,
    *,
    names: tuple[str, ...],
    count: bool,
    data: Path | None,
    samples: int,
    choices: Choices | None,
    limits: Mapping[str, int | None],
    compiler: str,
    as_json: bool,
) -> None:
    """Tell whether an int8 network can be used and fits boards; ends with 7 or 12 where it does not.

    Args:
        model: the network.
        path: of its file.
        names: of boards.
        count: count instructions of an inference in emulation.
        data: samples to count with; None: numbers drawn at random.
        samples: the first so many.
        choices: what is done with data that do not fit as they are.
        limits: most bytes of flash and RAM, most instructions.
        compiler: for firmware.
        as_json: print JSON.
    """
    found = get_graded_data(data, model, choices) if data is not None else None
    report = describe(model)
    if not as_json:
        _print(model, path, report, found)
    some = found.take(samples) if found is not None else None
    boards = [_board(model, name, compiler, some, count=count) for name in names]
    codes = {board.code(limits) for board in boards} - {0}
    if as_json:
        print_json(
            {
                "file": str(path),
                "usable": not codes,
                "converted": is_network(path),
                "memory": report["memory"],
                "macs": report["macs"],
                "parameters": report["parameters"],
                "samples": len(found) if found is not None else None,
                "boards": [board.data(limits) for board in boards],
            }
        )
    else:
        for board in boards:
            board.print(limits)
    if codes:
        raise SystemExit(min(codes))


def _print(model: GradedModel, path: Path, report: dict[str, Any], data: GradedDataSet | None) -> None:
    verb = "can be converted" if is_network(path) else "is a whole image"
    say(f"{path} {verb}: int8, {one_line(model)}")
    memory = report["memory"]
    say(f"{number(report['parameters'])} weights, {number(report['macs'])} multiply-accumulates an inference")
    say(f"the image takes {size(memory['image'])} of flash, a running network {size(memory['arena'])} of RAM")
    if data is not None:
        say(f"the data set fits: {counted(len(data), 'sample')}")


def _board(model: GradedModel, name: str, compiler: str, data: GradedDataSet | None, *, count: bool) -> _Board:
    """Build firmware for a board, and count where that is possible."""
    with status(f"building for {name}"):
        made = room(model, name, compiler=compiler)
    twin = counting_board(made.board) if count and not made.missing else None
    if twin is None:
        return _Board(room=made, cost=None)
    with progress(f"counting on {twin.name}", len(data) if data is not None else 0) as step:
        return _Board(room=made, cost=graded_cost(model, twin, data=data, compiler=compiler, progress=step))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Board:
    """A built firmware with a network in it, and what an inference costs there."""

    room: Room
    cost: GradedCost | None

    def exceeded(self, limits: Mapping[str, int | None]) -> list[str]:
        """The limits that are not kept, in words."""
        instructions = None if self.cost is None else round(self.cost.instructions)
        return exceeded(self.room, instructions, limits, _LIMITS)

    def code(self, limits: Mapping[str, int | None]) -> int:
        """The exit code."""
        return exit_code(self.room, self.exceeded(limits))

    def data(self, limits: Mapping[str, int | None]) -> dict[str, Any]:
        """All of it, JSON-like."""
        made, cost = self.room, self.cost
        return {
            "board": made.board.name,
            "fits": not made.missing,
            **({"reason": made.missing} if made.missing else {}),
            "exceeds": self.exceeded(limits),
            "compiler": made.compiler,
            "clock_hz": made.board.clock_hz,
            "flash": {**made.flash, "length": made.flash_length, "spare": made.flash_spare},
            "ram": {**made.ram, "length": made.board.ram.length, "spare": made.ram_spare},
            "stack": {"kept": made.board.stack, "bound": made.stack.bytes, "spare": made.stack_spare},
            "instructions": None
            if cost is None
            else {
                "inference": round(cost.instructions),
                "counted_on": cost.board,
                "inferences": cost.inferences,
                "inputs": cost.inputs,
            },
        }

    def print(self, limits: Mapping[str, int | None]) -> None:
        """All of it, for people."""
        made, board = self.room, self.room.board
        say()
        fits = f"does not fit: {made.missing}" if made.missing else "yes, it fits"
        say(f"{board.name} ({board.title}, {made.compiler} -O2): {fits}")
        rows: Rows = []
        for memory, parts, length, spare in (
            ("flash", made.flash, made.flash_length, made.flash_spare),
            ("RAM", made.ram, board.ram.length, made.ram_spare),
        ):
            of = ", ".join(f"{name} {size(count)}" for name, count in parts.items())
            left = size(spare) if spare >= 0 else f"-{size(-spare)}"
            rows.append((memory, size(sum(parts.values())), size(length), left, of))
        table("", ("memory", "#taken", "#there", "#left", "of it"), rows)
        if made.stack_spare is None:
            say(f"stack: {board.stack:,} bytes kept; {made.stack.reason}")
        else:
            say(f"stack: at most {made.stack.bytes:,} of {board.stack:,} bytes kept (proven)")
        if self.cost is not None:
            cost = self.cost
            on = "" if cost.board == board.name else f" on {cost.board}, which has the same core"
            ms = 1000 * cost.instructions / board.clock_hz
            at = f"{ms:.3g} ms at {board.clock_hz / 1e6:g} MHz and one a cycle"
            say(f"an inference: {number(cost.instructions)} instructions, {at}")
            say(f"counted in emulation{on}: {cost.inputs}")
        for text in self.exceeded(limits):
            say(f"too much: {text}")
