"""CMSIS-NN and spikelet side by side: python -m benchmarks.cmsis_nn --model MODEL.tflite --core M4."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.cmsis_nn import interpreter, peer, table

from spikelet.errors import BoardError
from spikelet.toolchain import find

CORES = ("M4", "M33", "M3", "M0+", "M55")


def main() -> None:
    """Run, print a table or lines of JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks.cmsis_nn", description=__doc__)
    parser.add_argument("--model", type=Path, action="append", help="an int8 .tflite file; may be given again")
    parser.add_argument("--core", choices=CORES, action="append", help="default: all")
    parser.add_argument("--inputs", type=Path, help="an .npz with real inputs")
    parser.add_argument("--optimise", choices=["2", "3", "s"], default="2", help="of both sides")
    parser.add_argument("--zeros", type=float, help="random inputs with this share of zeros")
    parser.add_argument("--layer", type=int, action="append", help="only the operator of this index")
    parser.add_argument("--functions", action="store_true", help="print the shares of spikelet's functions")
    parser.add_argument("--least", action="store_true", help="cycles at the lower ends of the manuals' ranges")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each layer")
    options = parser.parse_args()
    try:
        _run(options)
    except (interpreter.MissingError, BoardError, ValueError) as error:
        print(error, file=sys.stderr)
        sys.exit(3)


def _models(options: argparse.Namespace) -> tuple[list[Path], Path]:
    """Files, and real inputs."""
    named = os.environ.get("SPIKELET_DATA")
    data = (Path(named) if named else Path(__file__).parents[3] / "shared" / "data") / "tflite"
    models = options.model or sorted(data.glob("*.tflite"))
    if not models:
        raise interpreter.MissingError(f"{data} has no .tflite files: set SPIKELET_DATA, or name a file with --model")
    return models, options.inputs or data / "inputs.npz"


def _run(options: argparse.Namespace) -> None:
    models, data = _models(options)
    try:
        version = peer.version()
    except interpreter.MissingError as error:
        version = f"none: {error}"
    head = {
        "peer": version,
        "reference": interpreter.version(),
        "compiler": find("arm", "gcc").version,
        "flags": f"-O{options.optimise}",
    }
    print(json.dumps(head) if options.json else ", ".join(f"{name}: {value}" for name, value in head.items()))
    for model in models:
        found = table.given(model, data)
        for core in options.core or CORES:
            rows = []
            theirs = None if version.startswith("none") else peer.Peer(core, options.optimise)
            if not options.json:
                _print_head(found, core)
            only = tuple(options.layer or ())
            for row in table.compare(
                found, core, options.optimise, theirs, zeros=options.zeros, only=only, worst=not options.least
            ):
                rows.append(row)
                if options.json:
                    print(json.dumps({"model": model.name, "core": core, "input": found.source, **asdict(row)}))
                else:
                    _print(row, functions=options.functions)
            if not options.json and len(rows) > 1:
                _print_sum(rows)


def _print_head(found: table.Given, core: str) -> None:
    print(f"\n{found.model.name} on {core}, {found.source}")
    sides = f"{'CMSIS-NN':>12} {'spikelet':>12} {'ratio':>6}"
    print(f"{'':53} {'instructions':^32} {'':6} {'modelled cycles':^32}")
    print(f"{'':3} {'layer':42} {'zeros':>6} {sides} {'/MAC':>6} {sides}")


def _print(row: table.Row, *, functions: bool) -> None:
    marks = ("" if row.ours_equal else "  DIFFERS") + ("" if row.peer_equal else "  (CMSIS-NN differs)")
    print(
        f"{row.index:3} {row.name:42} {row.zeros:6.0%} {row.peer:12,} {row.ours:12,} {row.ratio:6.3f}"
        f" {row.ours / row.macs:6.2f} {row.peer_cycles:12,} {row.ours_cycles:12,}"
        f" {_ratio(row.ours_cycles, row.peer_cycles):6.3f}{marks}"
    )
    for name, n in sorted(row.by_function.items(), key=lambda item: -item[1]) if functions else ():
        cycles = row.cycles_by_function[name]
        print(f"{'':10} {name:40} {n:12,} {n / row.macs:6.3f} {cycles:12,} {cycles / row.macs:6.3f}")


def _ratio(ours: int, theirs: int) -> float:
    """Not a number without theirs."""
    return ours / theirs if theirs else float("nan")


def _print_sum(rows: list[table.Row]) -> None:
    names = ("peer", "ours", "macs", "peer_cycles", "ours_cycles")
    theirs, ours, macs, their_cycles, our_cycles = (sum(getattr(row, name) for row in rows) for name in names)
    name = "all, equal" if all(row.ours_equal for row in rows) else "all, NOT EQUAL"
    print(
        f"{'':3} {name:42} {'':6} {theirs:12,} {ours:12,} {_ratio(ours, theirs):6.3f} {ours / macs:6.2f}"
        f" {their_cycles:12,} {our_cycles:12,} {_ratio(our_cycles, their_cycles):6.3f}"
    )


if __name__ == "__main__":
    main()
