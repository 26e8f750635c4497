"""Counts how cost grows: python -m benchmarks.scaling --core M4. Prints lines of JSON for `spikelet bench scaling`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict

from benchmarks.instructions import versions
from benchmarks.instructions.machine import CORES
from benchmarks.scaling.curves import points

from spikelet.bench_scaling import CURVES, Point
from spikelet.errors import BoardError


def main() -> None:
    """Count each curve in a process of its own."""
    parser = argparse.ArgumentParser(prog="benchmarks.scaling", description=__doc__)
    parser.add_argument("--core", choices=sorted(CORES), default="M4")
    parser.add_argument("--compiler", choices=["gcc", "zig"], default="gcc")
    options = parser.parse_args()
    cores = [options.core]
    try:
        compiler = ", ".join(versions.compilers(cores, options.compiler))
    except BoardError as error:
        sys.exit(str(error))
    print(json.dumps({"compiler": compiler, "flags": "-O2", "emulator": versions.emulators(cores)}))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = {curve: pool.submit(_points, options.core, options.compiler, curve) for curve in CURVES}
        for curve, job in jobs.items():
            print(json.dumps({"name": curve, "points": [asdict(point) for point in job.result()]}), flush=True)


def _points(core: str, compiler: str, curve: str) -> list[Point]:
    return list(points(core, compiler, curve))


if __name__ == "__main__":
    main()
