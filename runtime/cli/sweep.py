"""`spikelet sweep`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spikelet.cli.options import conversion_options, said, settled
from spikelet.cli.screen import Rows, json_option, number, percent, print_json, progress, say, size, table
from spikelet.sweep.words import words

if TYPE_CHECKING:
    from spikelet.sweep import Axes, Found, Sweep

__all__ = ["command"]

#: Conversion options that are axes here.
_AXES = {"weights": "--bits", "weight_bits": "--bits", "ticks_per_sample": "--ticks"}
#: Names of the picture and of the table in a sweep's folder.
_PICTURE, _TABLE = "pareto.svg", "pareto.md"


@click.command("sweep")
@click.argument("network", type=click.Path(path_type=Path))
@click.option("--bits", help="Bits of weights, such as 8,4,2,1,auto.")
@click.option("--ticks", help="Windows of a sample, such as 10,25 [ticks].")
@click.option("--thresholds", help="What all thresholds are multiplied by, such as 0.9,1,1.1.")
@click.option("--early-exit", help="Margins of early exits, such as off,auto,1,2.")
@click.option("--spikes", is_flag=True, help="Of a .tflite file: as rates of spikes; axes --ticks and --early-exit.")
@click.option(
    "--pixels",
    type=click.Choice(["0..255", "0..1", "-1..1"]),
    default=None,
    help="Of a float .tflite file: what pixels 0 to 255 were in training.",
)
@click.option("--board", default="cortex-m4", show_default=True, help="Whose instructions are told.")
@click.option("--test", type=click.Path(path_type=Path), help="Data that tell the accuracy of what is worth having.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("sweep"), help="The folder (sweep).")
@click.option("--samples", type=click.IntRange(min=0), default=0, help="Only the first N of --calibration (0: all).")
@click.option(
    "--cost-samples", type=click.IntRange(min=1), default=20, show_default=True, help="So many tell instructions."
)
@click.option("--jobs", type=int, default=-1, help="Processes of this machine (-1: one for each core).")
@click.option("--cluster", default="", help="Address of a Dask scheduler that is used in their place.")
@click.option(
    "--compiler", type=click.Choice(["auto", "gcc", "zig"]), default="auto", help="Whose code is counted (auto)."
)
@conversion_options
@json_option
def command(
    *,
    network: Path,
    spikes: bool,
    pixels: str | None,
    board: str,
    test: Path | None,
    output: Path,
    samples: int,
    cost_samples: int,
    jobs: int,
    cluster: str,
    compiler: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Convert NETWORK in many ways, measure each on --calibration DATA.npz, and tell which are worth having.

    Every combination of the axes' values is converted and run: accuracy, bytes of the image, instructions of a
    sample on --board. Half of the calibration data fits (weights, margins), the other half measures and chooses;
    --test is told for the points worth having, and chooses nothing.

    Of the conversion options --prune takes several values here (such as 0,0.8,auto), and is an axis too.

    Results are kept in the folder, a line a point: a sweep that was stopped goes on where it was. There are also a
    table, a picture (pareto.svg), and the images of the points worth having.
    """
    from spikelet.svg_file import write_text
    from spikelet.sweep import sweep
    from spikelet.sweep.picture import picture

    # --prune is a conversion option, which may have several values here.
    names = ("bits", "ticks", "thresholds", "early_exit", "prune")
    axes = _axes({name: options.pop(name) for name in names})
    given = said(options)
    wrong = [f"--{name.replace('_', '-')} is {axis} here" for name, axis in _AXES.items() if name in given]
    if wrong:
        raise click.UsageError(f"{', '.join(wrong)}: an axis of the sweep, which may have one value")
    calibration = given.pop("calibration", None)
    if calibration is None:
        raise click.UsageError("give data that fit and choose: --calibration DATA.npz, with labels")
    shown = 0
    with progress(f"points {'on ' + cluster if cluster else 'on this machine'}", len(list(axes.points()))) as step:

        def tell_done(done: int, _: int) -> None:
            nonlocal shown
            step(done - shown)
            shown = done

        found = sweep(
            network,
            axes,
            calibration=calibration,
            folder=output,
            board=board,
            test=test,
            options=settled(given),
            spikes=spikes,
            pixels=pixels or "",
            compiler=compiler,
            samples=samples,
            cost_samples=cost_samples,
            jobs=jobs,
            cluster=cluster,
            progress=tell_done,
            tell=lambda text: click.echo(f"spikelet: {text}", err=True),
        )
    write_text(output / _PICTURE, picture(found), force=True)
    write_text(output / _TABLE, _markdown(found), force=True)
    if as_json:
        print_json(_data(found, output))
    else:
        _print(found, output)


def _axes(given: dict[str, str | None]) -> Axes:
    """Axes of comma-separated values.

    Raises:
        UsageError: a value is no number, nor a word of the axis.
    """
    from spikelet.sweep import Axes

    kinds: dict[str, tuple[Any, tuple[str, ...]]] = {
        "bits": (int, ("auto",)),
        "ticks": (int, ()),
        "thresholds": (float, ()),
        "early_exit": (int, ("auto", "off")),
        "prune": (float, ("auto",)),
    }
    found: dict[str, tuple[Any, ...]] = {}
    for name, text in given.items():
        kind, others = kinds[name]
        values = [value.strip() for value in text.split(",")] if text is not None else []
        try:
            found[name] = tuple(value if value in others else kind(value) for value in values)
        except ValueError as error:
            option = f"--{name.replace('_', '-')}"
            allowed = f"numbers{' or ' + ', '.join(others) if others else ''}, with commas between"
            raise click.UsageError(f"{option} {text}: give {allowed}") from error
    return Axes(**found)


def _print(found: Sweep, folder: Path) -> None:
    refused = [entry for entry in found.found if "error" in entry.result]
    n = len(found.found)
    new = n - found.known
    say(f"{n} points, {new} run now, {found.known} known before; {len(found.pareto)} worth having")
    tested = any(entry.test_accuracy is not None for entry in found.found)
    rows: Rows = [
        (
            rank,
            words(entry.point),
            percent(entry.result["accuracy"]),
            *((percent(entry.test_accuracy or 0.0),) if tested else ()),
            size(entry.result["bytes"]),
            _whole(entry.result["instructions"]),
            "-" if entry.result["ticks"] is None else number(entry.result["ticks"], 2),
            entry.image,
        )
        for rank, entry in _ranked(found)
    ]
    columns = ("#", "", "#right", *(("#right, test",) if tested else ()), "#image", "#instructions", "#ticks", "file")
    table(f"Worth having, instructions of a sample on {found.board}", columns, rows)
    if refused:
        first = f"{words(refused[0].point)}: {refused[0].result['error']}"
        say(f"{len(refused)} points cannot be converted, such as {first}")
    say(f"picture: {folder / _PICTURE}; table: {folder / _TABLE}")


def _ranked(found: Sweep) -> list[tuple[int, Found]]:
    return [(rank, found.found[index]) for rank, index in enumerate(found.pareto, 1)]


def _whole(value: float | None) -> str:
    return "-" if value is None else number(value)


def _markdown(found: Sweep) -> str:
    """The table as a page: what is worth having, then all points."""
    lines = ["# Sweep", "", f"![accuracy against bytes and instructions]({_PICTURE})", "", "## Worth having", ""]
    heads = ["", "point", "right", "right, test", "bytes", f"instructions ({found.board})", "ticks", "image"]
    lines += [_row(heads), _row(["---"] * len(heads))]
    for rank, entry in _ranked(found):
        test = "-" if entry.test_accuracy is None else percent(entry.test_accuracy)
        lines.append(_row([str(rank), *_cells(entry, test), f"[{entry.image}]({entry.image})"]))
    heads = ["point", "right", "bytes", "instructions", "ticks"]
    lines += ["", "## All points", "", _row(heads), _row(["---"] * len(heads))]
    for entry in found.found:
        if "error" in entry.result:
            lines.append(_row([words(entry.point), f"cannot be converted: {entry.result['error']}", "", "", ""]))
        else:
            lines.append(_row(_cells(entry, "")))
    return "\n".join([*lines, ""])


def _cells(entry: Found, test: str) -> list[str]:
    result = entry.result
    ticks = "-" if result["ticks"] is None else number(result["ticks"], 2)
    tested = [test] if test else []
    costs = [number(result["bytes"]), _whole(result["instructions"]), ticks]
    return [words(entry.point), percent(result["accuracy"]), *tested, *costs]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _data(found: Sweep, folder: Path) -> dict[str, Any]:
    """All of it, for machines."""
    points = [
        {
            **{name: value for name, value in asdict(entry.point).items() if value is not None},
            **entry.result,
            **({"test_accuracy": entry.test_accuracy} if entry.test_accuracy is not None else {}),
            **({"image": str(folder / entry.image)} if entry.image else {}),
        }
        for entry in found.found
    ]
    return {
        "board": found.board,
        "points": points,
        "pareto": list(found.pareto),
        "known_before": found.known,
        "picture": str(folder / _PICTURE),
        "table": str(folder / _TABLE),
    }
