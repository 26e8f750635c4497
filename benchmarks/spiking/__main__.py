"""Counts spiking networks on emulated cores: python -m benchmarks.spiking [--network dense8] [--core M4].

Prints lines of JSON, which `spikelet bench spiking` makes tables of.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from itertools import product
from typing import Any

from benchmarks.data import MissingError
from benchmarks.instructions import versions
from benchmarks.instructions.machine import CORES
from benchmarks.spiking import table
from benchmarks.spiking.cases import NETWORKS

from spikelet.errors import BoardError


def main() -> None:
    """Count, in processes of their own, and print as they come."""
    parser = argparse.ArgumentParser(prog="benchmarks.spiking", description=__doc__)
    parser.add_argument("--network", choices=sorted(NETWORKS), action="append", help="may be given again; none: all")
    parser.add_argument("--core", choices=sorted(CORES), action="append", help="may be given again; none: all")
    parser.add_argument("--compiler", choices=["gcc", "zig"], default="gcc")
    parser.add_argument("--samples", type=int, default=5)
    options = parser.parse_args()
    cores = options.core or list(CORES)
    try:
        _print(_head(cores, options.compiler))
    except BoardError as error:
        sys.exit(str(error))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs: list[tuple[str, Future[Any]]] = [
            (name, pool.submit(table.network_of, name, core, options.compiler, options.samples))
            for name, core in product(options.network or NETWORKS, cores)
        ]
        jobs += [("", pool.submit(table.core_of, core, options.compiler)) for core in cores]
        for line in _lines(jobs):
            _print(line)


def _head(cores: list[str], compiler: str) -> dict[str, Any]:
    """What is counted with."""
    made = {"compilers": versions.compilers(cores, compiler), "flags": "-O2", "emulator": versions.emulators(cores)}
    return {"kind": "head", **made}


def _lines(jobs: list[tuple[str, Future[Any]]]) -> Iterator[dict[str, Any]]:
    """Results in order; what is missing is told once."""
    told: set[str] = set()
    for name, job in jobs:
        try:
            result = job.result()
        except (MissingError, BoardError) as error:
            if str(error) not in told:
                told.add(str(error))
                yield {"kind": "missing", "reason": str(error)}
            continue
        yield {"kind": "network" if name else "core", **asdict(result)}


def _print(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
