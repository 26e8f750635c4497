"""`spikelet check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from spikelet.budget import ASSUMED, Budget, budget
from spikelet.budget_room import Room, room
from spikelet.cli.budget_table import as_data, print_budget
from spikelet.cli.graded_options import graded_data_options, refuse_ticks, take_choices, without_choices
from spikelet.cli.limits import exceeded, exit_code
from spikelet.cli.options import (
    board_options,
    conversion_options,
    get_data,
    get_model,
    host_encoding,
    is_network,
    recording_options,
    take_reading,
)
from spikelet.cli.screen import json_option, number, print_json, progress, say, size, status
from spikelet.datasets import DataSet
from spikelet.errors import SpikeletError
from spikelet.fit import Cost
from spikelet.graded.model import GradedModel
from spikelet.model import Model
from spikelet.report import describe, kind_of, one_line

__all__ = ["command"]

_LIMITS = {"flash": "bytes of flash", "ram": "bytes of RAM", "instructions": "instructions in the worst tick"}


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--board", "names", multiple=True, help="Whether it fits this board, layer by layer (several: each).")
@click.option("--count/--no-count", default=True, help="Count the worst and an idle tick in emulation, too (yes).")
@click.option("--data", type=click.Path(path_type=Path), help="A data set, to see how busy a typical tick is.")
@click.option("--samples", type=click.IntRange(min=1), default=20, show_default=True, help="Its first N samples.")
@click.option("--ticks", type=click.IntRange(min=0), default=0, help="Length of a sample, where there is no window.")
@click.option(
    "--rate",
    type=click.FloatRange(0, 1),
    default=ASSUMED,
    show_default=True,
    help="Without --data: what part of the inputs and neurons fires in a typical tick.",
)
@click.option("--max-flash", type=click.IntRange(min=1), help="Most bytes of flash, firmware included.")
@click.option("--max-ram", type=click.IntRange(min=1), help="Most bytes of RAM, stack included.")
@click.option("--max-instructions", type=click.IntRange(min=1), help="Most instructions of the worst tick.")
@graded_data_options
@recording_options
@board_options
@conversion_options
@json_option
def command(
    *,
    file: Path,
    names: tuple[str, ...],
    count: bool,
    data: Path | None,
    samples: int,
    ticks: int,
    rate: float,
    max_flash: int | None,
    max_ram: int | None,
    max_instructions: int | None,
    compiler: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Tell whether FILE can be used: a network (.nir, .tflite) converts, an image (.spkl) is whole, both fit a board.

    Nothing is written. For each --board flash, RAM, synaptic operations and instructions are listed by layer. Ends
    with 0 if all is well, 3 if the network cannot be converted or something about it is open (the choices are
    listed), 5 for a bad image, 7 if a board lacks memory (which, and how many bytes), 12 if a limit is exceeded.

    Of an int8 network instructions are those of a whole inference, the mean over the samples of --data, or on
    numbers drawn at random; --max-instructions is their limit.
    """
    limits = {"flash": max_flash, "ram": max_ram, "instructions": max_instructions}
    if not names and any(limit is not None for limit in limits.values()):
        raise click.UsageError("--max-flash, --max-ram and --max-instructions are limits on a board: add --board")
    try:
        reading, choices = take_reading(options), take_choices(options)
        encode = host_encoding(file, options) if data is not None else None
        model = get_model(file, options, reading, choices)
        if isinstance(model, GradedModel):
            refuse_ticks(ticks, reading)
            from spikelet.cli.graded_check import check_graded

            check_graded(
                model,
                file,
                names=names,
                count=count,
                data=data,
                samples=samples,
                choices=choices,
                limits=limits,
                compiler=compiler,
                as_json=as_json,
            )
            return
        without_choices(choices)
        found = None
        if data is not None:
            found = get_data(data, model, samples=0, ticks=ticks, encode=encode, reading=reading)
    except SpikeletError as error:
        if as_json:
            print_json({"file": str(file), "usable": False, "error": str(error), "exit_code": error.exit_code})
            raise SystemExit(error.exit_code) from error
        raise
    report = describe(model)
    if not as_json:
        _print(file, model, report, len(found) if found is not None else None)
    some = found.take(samples) if found is not None else None
    boards = [_Board(model, name, compiler, some, rate, count=count) for name in names]
    if as_json:
        made = {"converted": is_network(file), "memory": report["memory"], "synops_dense": report["synops_dense"]}
        usable = all(board.code(limits) == 0 for board in boards)
        entries = [board.data(limits) for board in boards]
        said = len(found) if found is not None else None
        print_json({"file": str(file), "usable": usable, **made, "samples": said, "boards": entries})
    else:
        for board in boards:
            board.print(limits)
    codes = {board.code(limits) for board in boards} - {0}
    if codes:
        raise SystemExit(min(codes))


class _Board:
    """A board, and what the model takes of it."""

    def __init__(
        self, model: Model, name: str, compiler: str, data: DataSet | None, rate: float, *, count: bool
    ) -> None:
        from spikelet.fit import cost, counting_board

        with status(f"building for {name}"):
            self.room: Room = room(model, name, compiler=compiler)
        self.target = self.room.board
        with progress("running samples", len(data) if data is not None else 0) as step:
            kind = "gcc" if "gcc" in self.room.compiler else "zig"
            self.budget: Budget = budget(model, self.target, compiler=kind, data=data, part=rate, progress=step)
        self.counted: Cost | None = None
        twin = counting_board(self.target) if count and not self.room.missing else None
        if twin is not None:
            with status(f"counting on {twin.name}"):
                self.counted = cost(model, twin, compiler=compiler)

    def exceeded(self, limits: dict[str, int | None]) -> list[str]:
        """The limits that the model does not keep, in words."""
        return exceeded(self.room, self._worst(), limits, _LIMITS)

    def _worst(self) -> int | None:
        """Instructions of the worst tick: counted, else modelled."""
        if self.counted is not None:
            return self.counted.worst
        modelled = self.budget.worst.instructions
        return None if modelled is None else round(modelled)

    def code(self, limits: dict[str, int | None]) -> int:
        """The exit code."""
        return exit_code(self.room, self.exceeded(limits))

    def data(self, limits: dict[str, int | None]) -> dict[str, Any]:
        """All of it, JSON-like."""
        counted, missing = self.counted, self.room.missing
        parts = as_data(self.budget, self.room)
        for memory in ("flash", "ram"):
            parts[memory]["used"] = parts[memory]["length"] - parts[memory]["spare"]
        ticks = None
        if counted is not None:
            ticks = {"worst_tick": counted.worst, "idle_tick": counted.idle, "counted_on": counted.board}
        return {
            "board": self.target.name,
            "fits": not missing,
            **({"reason": missing} if missing else {}),
            "exceeds": self.exceeded(limits),
            "compiler": self.room.compiler,
            "clock_hz": self.target.clock_hz,
            "instructions": ticks,
            **parts,
        }

    def print(self, limits: dict[str, int | None]) -> None:
        """All of it, for people."""
        missing = self.room.missing
        say()
        fits = f"does not fit: {missing}" if missing else "yes, it fits"
        say(f"{self.target.name} ({self.target.title}, {self.room.compiler} -O2): {fits}")
        print_budget(self.budget, self.room, self.counted.worst if self.counted else None)
        if self.counted is not None:
            say(f"idle tick: {number(self.counted.idle)} instructions (counted in emulation)")
        for text in self.exceeded(limits):
            say(f"too much: {text}")


def _print(file: Path, model: Model, report: dict[str, Any], samples: int | None) -> None:
    verb = "can be converted" if is_network(file) else "is a whole image"
    kinds = ", ".join(dict.fromkeys(kind_of(population) for population in model.populations))
    say(f"{file} {verb}: {one_line(model)} ({kinds}), {number(report['synops_dense'])} weights")
    memory = report["memory"]
    say(f"the image takes {size(memory['image'])} of flash, a running network {size(memory['work'])} of RAM")
    if samples is not None:
        say(f"the data set fits: {samples} samples")
