"""`spikelet bench scaling`."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path

import click

from spikelet.bench_scaling import Curve, count
from spikelet.bench_spiking import CORES
from spikelet.cli.screen import json_option, number, print_json, say, status, table
from spikelet.errors import SpikeletError
from spikelet.svg_scaling import picture

__all__ = ["command"]


@click.command("scaling")
@click.option("--core", type=click.Choice(CORES), default="M4", show_default=True, help="Of which cost is counted.")
@click.option("--compiler", type=click.Choice(["gcc", "zig"]), default="gcc", show_default=True, help="Of both sides.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw log-log plots into this file.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@json_option
def command(*, core: str, compiler: str, svg: Path | None, force: bool, as_json: bool) -> None:
    """Count how cost grows with events, fan-out, neurons and idle time, beside plain C.

    One quantity varies at a time, in a network of two dense layers that never fire. A slope is that of a straight line
    through the last four points of a log-log plot: 0 is flat, 1 is linear. Membranes of both sides are compared with
    the numpy reference.
    """
    if svg is not None and svg.exists() and not force:
        raise SpikeletError(f"{svg} is there already: give another name, or --force")
    with status("counting"):
        found = count(core, compiler=compiler)
    if svg is not None:
        svg.write_text(picture(found), encoding="utf-8")
    if as_json:
        slopes = {curve.name: {"ours": curve.ours, "plain": curve.plain} for curve in found.curves}
        print_json({**asdict(found), "slopes": slopes})
        return
    columns = ("against", "#from", "#to", "#spikelet", "#to", "#slope", "#plain C", "#to", "#slope")
    table(f"Instructions on {core}", columns, [_row(curve) for curve in found.curves])
    say(f"{found.compiler} {found.flags}; {found.emulator}; all membranes are the numpy reference's")
    again = ["spikelet", "bench", "scaling", "--core", core, "--compiler", compiler]
    again += ["--svg", str(svg), "--force"] if svg is not None else []
    say(f"again: {shlex.join(again)}")


def _row(curve: Curve) -> tuple[str, ...]:
    first, last = curve.points[0], curve.points[-1]
    plain = [(point.x, point.plain) for point in curve.points if point.plain is not None]
    stop = number(plain[-1][1]) + (f" (at {number(plain[-1][0])})" if plain[-1][0] != last.x else "")
    return (
        *(curve.name, number(first.x), number(last.x)),
        *(number(first.ours), number(last.ours), f"{curve.ours:.2f}"),
        *(number(plain[0][1]), stop, f"{curve.plain:.2f}"),
    )
