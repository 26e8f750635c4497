"""The figures of docs/explanation/int8-figures.md: python -m benchmarks.int8 --write, at the project's root.

They are of MLPerf Tiny's networks in the shared test data; instructions are counted beside CMSIS-NN, in one run.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from spikelet.bench_int8 import CORES, Counts, count
from spikelet.converters.tflite.convert import convert_tflite
from spikelet.graded.data import Choices, load
from spikelet.graded.engine import GradedEngine
from spikelet.graded.evaluate import evaluate
from spikelet.graded.report import describe

__all__ = ["MODELS", "PAGE", "cycles", "folder", "instructions", "memory"]

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "explanation" / "int8-figures.md"
#: What each file is, and its real input.
MODELS = {
    "kws_ref_model.tflite": ("keyword spotting, DS-CNN", "kws"),
    "pretrainedResnet_quant.tflite": ("image classification, ResNet-8", "vww_gray"),
    "vww_96_int8.tflite": ("visual wake words, MobileNet 0.25", "vww_gray"),
}


def folder() -> Path:
    """Where the files are."""
    return Path(os.environ.get("SPIKELET_DATA", ROOT.parent / "shared" / "data")) / "tflite"


def memory() -> Iterator[str]:
    """Rows of the table of memory, and of work that is skipped on the real input."""
    heads = ("network", "multiply-accumulates", "with a zero input", "activations and scratch")
    heads += ("TensorFlow Lite Micro, greedy", "image", "of it tables")
    yield f"| {' | '.join(heads)} |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for file, (what, array) in MODELS.items():
        model = convert_tflite(folder() / file)
        report = describe(model)
        taken = report["memory"]
        data = load(folder() / "inputs.npz", model, choices=Choices(array=array, resize=True, gray_to_rgb=True))
        with GradedEngine(model) as engine:
            skipped = evaluate(engine, data, zeros=1).skipped
        planned, peer = taken["activations"] + taken["scratch"], taken["tflm_greedy"]
        cells = (
            f"`{file}`: {what}",
            f"{report['macs']:,}",
            f"{100 * skipped:.1f} %",
            f"{planned:,} B, {planned / peer:.2f} of the peer's",
            f"{peer:,} B",
            f"{taken['image']:,} B",
            f"{taken['tables']:,} B",
        )
        yield f"| {' | '.join(cells)} |"


def instructions(found: Counts) -> Iterator[str]:
    """Rows of the table of instructions: spikelet's of the layers that CMSIS-NN has, and their part of its own."""
    yield from _sides(found, "ours", "peer")


def cycles(found: Counts) -> Iterator[str]:
    """The same of modelled cycles, of the cores that have a model."""
    yield from _sides(found, "ours_cycles", "peer_cycles")


def _sides(found: Counts, mine: str, others: str) -> Iterator[str]:
    cores = [core for core in CORES if any(layer.core == core and getattr(layer, mine) for layer in found.layers)]
    yield f"| network | {' | '.join(cores)} |"
    yield f"| --- |{' --- |' * len(cores)}"
    for file, (what, _) in MODELS.items():
        cells = []
        for core in cores:
            listed = [layer for layer in found.layers if layer.core == core and Path(layer.model).name == file]
            ours, theirs = (sum(getattr(layer, side) for layer in listed) for side in (mine, others))
            cells.append(f"{ours:,} of {theirs:,}: **{ours / theirs:.2f}**" if theirs else f"{ours:,}")
        yield f"| {what} | {' | '.join(cells)} |"


def between(text: str, name: str, rows: Sequence[str]) -> str:
    """The page with the rows between its marks."""
    marked = f"<!-- {name} -->\n" + "".join(f"{row}\n" for row in rows) + f"<!-- end of {name} -->"
    return re.sub(rf"<!-- {name} -->.*?<!-- end of {name} -->", lambda _: marked, text, flags=re.DOTALL)


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write them into the page")
    options = parser.parse_args()
    found = count([folder() / file for file in MODELS], [], inputs=folder() / "inputs.npz")
    tables = {"memory": list(memory()), "instructions": list(instructions(found))}
    tables["cycles"] = list(cycles(found))
    tables["made with"] = [f"{found.missing or found.peer}; {found.compiler} {found.flags}; {found.reference}."]
    if not options.write:
        print("\n\n".join("\n".join(rows) for rows in tables.values()))
        return
    text = PAGE.read_text()
    for name, rows in tables.items():
        text = between(text, name, rows)
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
