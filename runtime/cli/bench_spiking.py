"""`spikelet bench spiking`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

import click

from spikelet.bench_spiking import CORES, NETWORKS, Code, Core, Network, count
from spikelet.cli.screen import Rows, json_option, number, print_json, say, size, status, table

__all__ = ["command"]


@click.command("spiking")
@click.option(
    "--network", "networks", type=click.Choice(NETWORKS), multiple=True, help="May be given again; none: all."
)
@click.option("--core", "cores", type=click.Choice(CORES), multiple=True, help="May be given again; none: all.")
@click.option("--compiler", type=click.Choice(["gcc", "zig"]), default="gcc", show_default=True, help="Of both sides.")
@click.option("--samples", type=click.IntRange(min=1), default=5, show_default=True, help="The first N samples.")
@json_option
def command(*, networks: tuple[str, ...], cores: tuple[str, ...], compiler: str, samples: int, as_json: bool) -> None:
    """Count instructions of spiking networks on emulated cores, beside plain C's.

    Whole inferences: input, rows, neurons, queues and outputs. Plain C is benchmarks/plain/dense.c, event by event,
    built by the same compiler with the same flags. All predictions, events, scores and membranes of both sides are
    compared with the numpy reference. The N-MNIST and Braille networks are found through SPIKELET_DATA.
    """
    with status("counting"):
        found = count(networks, cores, compiler=compiler, samples=samples)
    if as_json:
        print_json(asdict(found))
        return
    for _, rows in groupby(found.networks, key=lambda row: row.network):
        _print(list(rows))
    _print_cores(found.cores)
    for reason in found.missing:
        say(f"left out: {reason}")
    say(f"{', '.join(found.compilers)}, {found.flags}; {found.emulator}; all results are the numpy reference's")
    say(f"again: {shlex.join(_words(networks, cores, compiler, samples))}")


def _print(rows: Sequence[Network]) -> None:
    first = rows[0]
    say(f"{first.title}: a synaptic operation, whole inferences")
    say(f"{first.data}, {first.samples} x {first.ticks} ticks, {number(first.synops)} synaptic operations")
    if first.plain is None:
        made: Rows = [(row.core, *_each(row, row.ours), size(row.ours.code)) for row in rows]
        table("", ("core", "#instructions", "#cycles", "#code"), made)
    else:
        sides = ("#plain C", "#spikelet", "#ratio")
        columns = ("core", *sides, "#cycles, plain C", "#spikelet", "#ratio", "#code, plain C", "#spikelet")
        table("", columns, [_beside(row, row.plain) for row in rows if row.plain])
    say(f"network {size(first.ours.model)}{_plain(first, 'model')}, RAM {size(first.ours.ram)}{_plain(first, 'ram')}\n")


def _beside(row: Network, plain: Code) -> Sequence[str]:
    instructions, cycles = zip(_each(row, plain), _each(row, row.ours), strict=True)
    return (
        *(row.core, *instructions, number(row.ours.instructions / plain.instructions, 3)),
        *(*cycles, number(row.ours.cycles / plain.cycles, 3) if plain.cycles else ""),
        *(size(plain.code), size(row.ours.code)),
    )


def _each(row: Network, code: Code) -> tuple[str, str]:
    return number(code.instructions / row.synops, 3), number(code.cycles / row.synops, 3) if code.cycles else ""


def _plain(row: Network, what: str) -> str:
    return "" if row.plain is None else f" (plain C {size(getattr(row.plain, what))})"


def _print_cores(cores: Sequence[Core]) -> None:
    rows: Rows = [(core.core, number(core.quiet), f"{number(core.small_engine)} B") for core in cores]
    table("At rest", ("core", "#instructions of a quiescent tick", "#engine for dense LIF, -Os"), rows)


def _words(networks: Sequence[str], cores: Sequence[str], compiler: str, samples: int) -> Iterator[str]:
    yield from ("spikelet", "bench", "spiking", "--compiler", compiler, "--samples", str(samples))
    for option, values in (("--network", networks), ("--core", cores)):
        for value in values:
            yield from (option, value)
