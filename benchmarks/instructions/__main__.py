"""Prints instructions and modelled cycles a synaptic operation: python -m benchmarks.instructions."""

from __future__ import annotations

import argparse
from itertools import product

from benchmarks.instructions.budget import count, count_quiet_tick
from benchmarks.instructions.limits import LIMITS
from benchmarks.instructions.machine import CORES
from benchmarks.instructions.workload import FEW_BITS, NETWORKS, kinds_of_data

from spikelet import board_files, toolchain


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--core", choices=sorted(CORES), action="append")
    parser.add_argument("--compiler", choices=["gcc", "zig"], action="append")
    parser.add_argument("--network", choices=sorted([*NETWORKS, *FEW_BITS]), action="append")
    parser.add_argument("--functions", action="store_true", help="print the shares of functions")
    options = parser.parse_args()
    print(
        f"{'core':8} {'compiler':8} {'network':12} {'digits':8} {'instructions/sample':>20} {'/synop':>7} {'limit':>5}"
        f" {'cycles/sample':>14} {'/synop':>7}"
    )
    for core in options.core or CORES:
        for compiler in options.compiler or toolchain.available(board_files.load(CORES[core]).arch):
            for name, data in product(options.network or NETWORKS, kinds_of_data()):
                counted = count(core, compiler, name, data, options.samples)
                each = counted.total // counted.samples
                print(
                    f"{core:8} {compiler:8} {name:12} {data:8} {each:20,} {counted.per_synop:7.3f} {LIMITS[core]:5.2f}"
                    f" {counted.cycles // counted.samples:14,} {counted.cycles / counted.synops:7.3f}"
                )
                for function, share, cycles in counted.shares() if options.functions else ():
                    print(f"{'':30} {function:48} {share:8.4f} {cycles:14.4f}")
            quiet = count_quiet_tick(core, compiler)
            print(f"{core:8} {compiler:8} a quiescent tick: {quiet} instructions")


if __name__ == "__main__":
    main()
