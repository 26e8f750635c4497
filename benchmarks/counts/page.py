"""Writes docs/reference/counts.md from the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.counts.record import FILE as RECORD
from benchmarks.counts.record import SAMPLES, TOLERANCE, Key
from benchmarks.instructions.limits import LIMITS, QUIET_LIMIT

__all__ = ["FILE", "text"]

FILE = RECORD.with_suffix(".md")

_HEAD = f"""# Counts

Written from [counts.json](counts.json) by `python -m benchmarks.counts --update`; a test compares.

Instructions are executed ones, counted exactly in emulation. Cycles are [modelled](../explanation/cycles.md) from the
cores' manuals, without wait states. Everything is built with `-O2` if nothing else is said. Every result is compared
with a reference while it is counted: [how to repeat it](../how-to/bench.md).

`make bench-check` counts again, and fails when a line of the record grows by more than {TOLERANCE} %.
"""
_CORES = ("M4", "M33", "M3", "M0+", "RV32IMC", "M55")
_NAMES = {
    "zero": "784-128-10, snnTorch, reset to zero",
    "subtract": "784-128-10, snnTorch, reset by subtraction",
    "spikingjelly": "784-128-10, SpikingJelly",
    "zero4": "784-128-10, 4 bits",
    "zero2": "784-128-10, 2 bits",
    "zero1": "784-128-10, 1 bit",
    "conv3x3x16": "events of a convolution 3 x 3, 16 to 16 channels",
    "nmnist": "N-MNIST CNN, a recording in ticks of 1 ms",
    "braille": "recurrent Braille network, random input",
    "kws_ref_model": "keyword spotting",
    "pretrainedResnet_quant": "image classification",
    "vww_96_int8": "visual wake words",
}
_Cell = Callable[[Key, int], str]


@dataclass(frozen=True, slots=True)
class _Record:
    """The counts, and questions about them."""

    counts: Mapping[Key, int]

    def lines(self, subject: str, compiler: str = "") -> Iterator[tuple[Key, int]]:
        """Of a subject, in order."""
        for key in sorted(self.counts):
            if key.subject == subject and compiler in key.compiler:
                yield key, self.counts[key]

    def synops(self, key: Key) -> int:
        """Of what a line was counted with."""
        return self.counts[Key("synaptic operations", "", "", key.case, key.data)]

    def each(self, key: Key, n: int) -> str:
        """A count of a synaptic operation."""
        return f"{n / self.synops(key):.3f}"

    def ratio(self, key: Key, n: int) -> str:
        """A count of an int8 model, and of CMSIS-NN's."""
        theirs = self.counts[Key(key.subject.replace("int8", "CMSIS-NN"), key.core, key.compiler, key.case, key.data)]
        return f"{n:,} ({n / theirs:.3f})"


def text(counts: Mapping[Key, int]) -> str:
    """The whole page."""
    record = _Record(counts)
    parts = [_HEAD, *_spiking(record), *_rest(record), *_int8(record)]
    compilers = sorted({key.compiler for key in counts} - {""})
    parts.append(f"Compilers: {', '.join(compilers)}.")
    return "\n".join(parts).rstrip("\n") + "\n"


def _spiking(record: _Record) -> Iterator[str]:
    yield "## Spiking networks\n"
    yield (
        f"A synaptic operation of whole inferences: input, rows, neurons, queues and outputs. {SAMPLES} digits in"
        " ticks of the rate code, of MNIST or made up.\n"
    )
    for compiler, said in (("gcc", "gcc"), ("zig", "clang of zig")):
        yield from _table(f"Instructions, {said}", record.lines("instructions", compiler), record.each, limits=True)
    yield from _table("Cycles, gcc", record.lines("instructions, cycles", "gcc"), record.each)
    yield from _table("Plain C, instructions, gcc", record.lines("plain C", "gcc"), record.each)
    yield from _table("Plain C, cycles, gcc", record.lines("plain C, cycles", "gcc"), record.each)


def _rest(record: _Record) -> Iterator[str]:
    yield "## At rest, and in flash\n"
    for compiler in ("gcc", "zig"):
        yield from _table(
            f"Instructions of a quiescent tick, two populations, {compiler} (M4 at most {QUIET_LIMIT[compiler]})",
            record.lines("quiet tick", compiler),
            lambda _, n: f"{n:,}",
        )
        yield from _table(
            f"Bytes of the engine for dense LIF, loader included, {compiler}",
            record.lines("bytes", compiler),
            lambda _, n: f"{n:,}",
        )


def _int8(record: _Record) -> Iterator[str]:
    yield "## Int8 networks\n"
    yield "Convolutions, depthwise and fully connected layers together; in brackets the share of CMSIS-NN's.\n"
    for data in ("real inputs", "no zeros"):
        for subject, said in (("int8", "Instructions"), ("int8, cycles", "Cycles")):
            lines = [(key, n) for key, n in record.lines(subject) if key.data == data]
            yield from _table(f"{said}, {data}, gcc", lines, record.ratio)


def _table(
    title: str, lines: Iterator[tuple[Key, int]] | Sequence[tuple[Key, int]], cell: _Cell, *, limits: bool = False
) -> Iterator[str]:
    """A row for each case, a column for each core."""
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for key, n in lines:
        cells.setdefault((key.case, key.data), {})[key.core] = cell(key, n)
    cores = [core for core in _CORES if any(core in row for row in cells.values())]
    if not cells:
        return
    yield f"### {title}\n"
    yield f"| | {' | '.join(cores)} |"
    yield f"| --- |{' ---: |' * len(cores)}"
    for case, data in sorted(cells, key=_order):
        row = cells[case, data]
        yield f"| {_said(case, data)} | {' | '.join(row.get(core, '') for core in cores)} |"
    if limits:
        yield f"| at most, 8 bits | {' | '.join(f'{LIMITS[core]:.2f}' if core in LIMITS else '' for core in cores)} |"
    yield ""


def _order(case: tuple[str, str]) -> tuple[int, str]:
    """The order of _NAMES."""
    name, data = case
    names = list(_NAMES)
    return names.index(name) if name in names else len(names), data


def _said(case: str, data: str) -> str:
    shown = "" if data in {"real inputs", "no zeros"} else data
    return ", ".join(part for part in (_NAMES.get(case, case), shown) if part).replace("silent", "a tick")
