"""`spikelet check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from spikelet.cli.options import (
    board_options,
    conversion_options,
    get_data,
    get_model,
    is_network,
    recording_options,
    take_reading,
)
from spikelet.cli.screen import Rows, json_option, number, print_json, say, size, status, table
from spikelet.errors import NoRoomError, SpikeletError
from spikelet.model import Model
from spikelet.report import describe, kind_of, one_line

__all__ = ["command"]


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--board", "names", multiple=True, help="Whether it fits this board (several times: each).")
@click.option("--count/--no-count", default=True, help="Count instructions of a tick in emulation (yes).")
@click.option("--data", type=click.Path(path_type=Path), help="A data set that should fit the model's inputs.")
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
    compiler: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Tell whether FILE can be used: a network (.nir) can be converted, an image (.spkl) is whole, both fit a board.

    Nothing is written. Ends with 0 if all is well, 3 if the network cannot be converted or something about it is
    open (the choices are listed), 5 for a bad image, 7 if a board lacks memory (which, and how many bytes).
    """
    try:
        reading = take_reading(options)
        model = get_model(file, options, reading)
        samples = len(get_data(data, model, samples=0, ticks=0, reading=reading)) if data is not None else None
    except SpikeletError as error:
        if as_json:
            print_json({"file": str(file), "usable": False, "error": str(error), "exit_code": error.exit_code})
            raise SystemExit(error.exit_code) from error
        raise
    found = [_board(model, name, compiler, count=count) for name in names]
    report = describe(model)
    wrong = [entry for entry in found if not entry["fits"]]
    if as_json:
        made = {"converted": is_network(file), "memory": report["memory"], "synops_dense": report["synops_dense"]}
        print_json({"file": str(file), "usable": not wrong, **made, "samples": samples, "boards": found})
    else:
        _print(file, model, report, samples)
        _print_boards(found)
    if wrong:
        raise SystemExit(NoRoomError.exit_code)


def _board(model: Model, name: str, compiler: str, *, count: bool) -> dict[str, Any]:
    """What is to say about a board."""
    from spikelet import board_files
    from spikelet.fit import fit

    target = board_files.load(name)
    with status(f"building for {target.name}"):
        try:
            made = fit(model, target, compiler=compiler, count=count)
        except NoRoomError as error:
            return {"board": target.name, "fits": False, "reason": str(error)}
    cost = made.cost
    return {
        "board": target.name,
        "fits": True,
        "compiler": made.build.compiler,
        "flash": {"used": made.build.flash.used, "length": made.build.flash.length},
        "ram": {"used": made.build.ram.used, "length": made.build.ram.length},
        "instructions": {"worst_tick": cost.worst, "idle_tick": cost.idle, "counted_on": cost.board} if cost else None,
        "clock_hz": target.clock_hz,
    }


def _print(file: Path, model: Model, report: dict[str, Any], samples: int | None) -> None:
    verb = "can be converted" if is_network(file) else "is a whole image"
    kinds = ", ".join(dict.fromkeys(kind_of(population) for population in model.populations))
    say(f"{file} {verb}: {one_line(model)} ({kinds}), {number(report['synops_dense'])} weights")
    memory = report["memory"]
    say(f"the image takes {size(memory['image'])} of flash, a running network {size(memory['work'])} of RAM")
    if samples is not None:
        say(f"the data set fits: {samples} samples")


def _print_boards(found: list[dict[str, Any]]) -> None:
    rows: Rows = []
    for entry in found:
        if not entry["fits"]:
            say(f"{entry['board']}: does not fit: {entry['reason']}")
            continue
        counted = entry["instructions"]
        cells = ("-", "-", "-")
        if counted:
            worst = 1000 * counted["worst_tick"] / entry["clock_hz"]
            cells = (number(counted["worst_tick"]), f"{worst:.3g} ms", number(counted["idle_tick"]))
        memories = (f"{size(entry[m]['used'])} of {size(entry[m]['length'])}" for m in ("flash", "ram"))
        rows.append((entry["board"], "yes", *memories, *cells))
    if rows:
        columns = ("board", "fits", "#flash", "#RAM", "#worst tick, instructions", "#at its clock", "#idle tick")
        table("", columns, rows)
