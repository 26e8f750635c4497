"""Counts what the terms of a tick cost on every core: python -m benchmarks.costs [--update]."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from benchmarks.costs import networks, networks_neurons, networks_ports
from benchmarks.costs.board import Bare
from benchmarks.costs.fitting import cost_of, fit
from benchmarks.costs.runs import Case, Row, rows_of
from benchmarks.instructions.machine import BOARDS

from spikelet import board_files, toolchain
from spikelet.budget_costs import Costs, costs_folder, write

_FAMILIES = (
    *(networks.rows, networks.convolutions, networks.sparse, networks.delays),
    *(networks_neurons.plain, networks_neurons.integrators, networks_neurons.any_neurons, networks_neurons.blocks),
    *(networks_ports.ports, networks.sparse4),
)


def main() -> None:
    """Count, print the largest errors, and keep the costs when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="keep the costs")
    parser.add_argument("--folder", type=Path, default=costs_folder(), help="where they are kept")
    parser.add_argument("--core", choices=sorted(BOARDS), action="append")
    parser.add_argument("--compiler", choices=["gcc", "zig"], action="append")
    parser.add_argument("--worst", type=int, default=3, help="how many of the largest errors to print")
    options = parser.parse_args()
    for core in options.core or BOARDS:
        board = board_files.load(BOARDS[core])
        for compiler in options.compiler or toolchain.available(board.arch):
            bare = Bare(core, compiler)
            rows = [row for case in cases() for row in rows_of(bare, case, board.kernels)]
            costs = Costs(
                core=board.core, kernels=board.kernels, compiler=compiler, version=bare.compiler, terms=fit(rows)
            )
            _print(core, compiler, rows, costs, options.worst)
            if options.update:
                write(costs, options.folder)


def cases() -> Iterator[Case]:
    """All networks; the same each time."""
    for number, family in enumerate(_FAMILIES):
        yield from family(np.random.default_rng(number))


def _print(core: str, compiler: str, rows: Sequence[Row], costs: Costs, worst: int) -> None:
    by_case: defaultdict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in rows:
        both = by_case[row.part, row.case]
        both[0] += row.counted
        both[1] += cost_of(row, costs.terms)
    total = sum(counted for counted, _ in by_case.values())
    print(f"{core} {compiler}: {len(rows)} counts of {total:,.0f} instructions, {len(costs.terms)} costs", flush=True)
    errors = {key: (made - counted) / counted for key, (counted, made) in by_case.items() if counted > 1000}
    for key in sorted(errors, key=lambda key: -abs(errors[key]))[:worst]:
        print(f"    {100 * errors[key]:+.1f} %  {key[0]} of {key[1][:70]}, {by_case[key][0]:,.0f}", flush=True)


if __name__ == "__main__":
    main()
