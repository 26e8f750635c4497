"""`spikelet bench int8`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import click

from spikelet.bench_int8 import CORES, Count, Counts, count
from spikelet.cli.screen import Rows, json_option, percent, print_json, say, status, table

__all__ = ["command"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("int8")
@click.option("--model", "models", type=_FILE, multiple=True, help="A .tflite file; may be given again.")
@click.option("--core", "cores", type=click.Choice(CORES), multiple=True, help="May be given again; none: all.")
@click.option("--inputs", type=_FILE, help="An .npz with real inputs of the models' shapes.")
@click.option("--optimise", type=click.Choice(["2", "3", "s"]), default="2", show_default=True, help="Of both sides.")
@click.option("--zeros", type=click.FloatRange(0, 1), help="Random inputs with this share of zeros instead.")
@json_option
def command(
    *,
    models: tuple[Path, ...],
    cores: tuple[str, ...],
    inputs: Path | None,
    optimise: str,
    zeros: float | None,
    as_json: bool,
) -> None:
    """Count instructions of int8 layers on emulated cores, beside CMSIS-NN's, and model their cycles.

    Both are built by the same compiler with the same flags and run in one process; outputs are compared with the
    reference interpreter's. CMSIS-NN is found through SPIKELET_PEERS; where it is missing spikelet is counted alone.
    """
    with status("counting"):
        found = count(models, cores, inputs=inputs, optimise=optimise, zeros=zeros)
    if as_json:
        print_json({**asdict(found), "missing": found.missing})
        return
    _print(found, zeros)
    words = ["spikelet", "bench", "int8", "--optimise", optimise]
    words += [word for model in models for word in ("--model", str(model))]
    words += [word for core in cores for word in ("--core", core)]
    words += ["--inputs", str(inputs)] if inputs else []
    words += ["--zeros", str(zeros)] if zeros is not None else []
    say(f"again: {shlex.join(words)}")


def _print(found: Counts, zeros: float | None) -> None:
    for (model, core, given), layers in groupby(found.layers, key=lambda c: (c.model, c.core, c.input)):
        listed = list(layers)
        rows: Rows = [_row(str(c.index), c.name, percent(c.zeros), [c]) for c in listed]
        rows.append(_row("", "all", "", listed))
        columns = (
            "#",
            "layer",
            "#zeros",
            "#CMSIS-NN",
            "#spikelet",
            "#ratio",
            "#a MAC",
            "#cycles",
            "#cycles",
            "#ratio",
            "outputs",
        )
        table(f"{model} on {core}: executed instructions and modelled cycles, {given}", columns, rows)
    if zeros is None:
        say(f"{found.missing or found.peer}; {found.compiler} {found.flags}; outputs of {found.reference}")
        return
    say(f"{found.missing or found.peer}; {found.compiler} {found.flags}")
    say(
        "random inputs: outputs are compared with CMSIS-NN's, which are 1 off the interpreter's now and then in fully"
        " connected layers (docs/reference/graded.md 6)"
    )


def _row(index: str, name: str, zeros: str, layers: Iterable[Count]) -> tuple[str, ...]:
    listed = list(layers)
    names = ("peer", "ours", "macs", "peer_cycles", "ours_cycles")
    theirs, ours, macs, their_cycles, our_cycles = (sum(getattr(c, what) for c in listed) for what in names)
    equal = "equal" if all(c.equal for c in listed) else "differ"
    cycles = _pair(their_cycles, our_cycles)
    return index, name, zeros, *_pair(theirs, ours), f"{ours / macs:.2f}", *cycles, equal


def _pair(theirs: int, ours: int) -> tuple[str, str, str]:
    """CMSIS-NN's, spikelet's, and the ratio; blank where CMSIS-NN is not there, or a core has no model of cycles."""
    return (f"{theirs:,}", f"{ours:,}", f"{ours / theirs:.3f}") if theirs else ("", f"{ours:,}" if ours else "", "")
