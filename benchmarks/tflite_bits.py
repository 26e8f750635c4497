"""What quantising a float .tflite network costs: python -m benchmarks.tflite_bits prints a table of networks and bits.

Networks are those of tests/golden/tflite_float. Everything is chosen on samples of the training set that nothing was
trained with; the test set is looked at once, to print. Accuracy is that of the integers, run by the engine;
TensorFlow's is that of its own int8 file of the same network and samples. --auto POINTS adds bits chosen by layer,
--long prints a line for each number of bits, with the predictions that equal those of the float network.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite import convert_tflite, read_tflite
from spikelet.converters.tflite.float_run import FloatRun
from spikelet.converters.tflite.quantise import AUTO, quantise
from spikelet.graded.engine import GradedEngine
from spikelet.graded.model import GradedModel

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
NETWORKS = tuple(f"{data}_{kind}" for data in ("digits", "mnist") for kind in ("mlp", "cnn", "separable", "residual"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Figures of one network with one number of bits: test accuracy and predictions as in float [percent], bytes."""

    label: str
    accuracy: float
    equal: float
    bytes: int
    seconds: float = 0.0


class Case:
    """A float network with calibration and test samples."""

    def __init__(self, name: str) -> None:
        sys.path.insert(0, str(GOLDEN))
        from float_data import digits, mnist

        folder = Path(os.environ.get("SPIKELET_DATA", ROOT.parent / "shared" / "data"))
        train, self.test = digits() if name.startswith("digits") else mnist(folder / "mnist")
        self.name, self.calibration = name, train.calibration()
        self.file = read_tflite(GOLDEN / "tflite_float" / f"{name}.tflite")
        outputs = FloatRun(self.file).run(self.test.x)[0]
        self.reference = np.argmax(outputs.reshape(len(outputs), -1), axis=1)
        self.accuracy = 100 * float(np.mean(self.reference == self.test.y))

    def rows(self, max_loss: float | None) -> Iterator[Row]:
        """TensorFlow's int8 file, then ours with each number of bits."""
        theirs = convert_tflite(read_tflite(GOLDEN / "tflite_float" / f"{self.name}_int8.tflite"))
        yield self._row("TensorFlow", theirs, 0.0)
        for bits in (8, 4, 2, AUTO):
            if bits == AUTO and max_loss is None:
                continue
            start, (x, y) = time.perf_counter(), self.calibration
            made, report = quantise(self.file, x, weights=bits, labels=y, max_loss=max_loss, runner=GradedEngine)
            chosen = " ".join(str(layer["bits"]) for layer in report["layers"])
            yield self._row(chosen if bits == AUTO else str(bits), convert_tflite(made), time.perf_counter() - start)

    def _row(self, label: str, model: GradedModel, seconds: float) -> Row:
        found = predictions(model, self.test.x)
        kept = [layer for layer in model.layers if layer.weights is not None]
        arrays = [array for layer in kept for array in (layer.weights, layer.table) if array is not None]
        return Row(
            label=label,
            accuracy=100 * float(np.mean(found == self.test.y)),
            equal=100 * float(np.mean(found == self.reference)),
            bytes=sum(array.nbytes for array in arrays),
            seconds=seconds,
        )


def predictions(model: GradedModel, images: Any) -> npt.NDArray[np.integer[Any]]:
    """The class with the largest output, by the integers in C."""
    with GradedEngine(model) as engine:
        shape = model.tensors[model.inputs[0].tensor].shape
        return np.array([int(np.argmax(engine.infer_float(image.reshape(shape))[0])) for image in images])


def table(names: list[str], max_loss: float | None) -> Iterator[str]:
    """A line for each network."""
    titles = ["network", "float", "TensorFlow 8", "8 bits", "4 bits", "2 bits"]
    titles += [] if max_loss is None else ["auto", "bits"]
    yield f"| {' | '.join(titles)} |"
    yield f"| {' | '.join('---' for _ in titles)} |"
    for name in names:
        case = Case(name)
        rows = list(case.rows(max_loss))
        cells = [name, f"{case.accuracy:.2f} %", *(f"{row.accuracy:.2f} %, {row.bytes:,} B" for row in rows)]
        yield f"| {' | '.join([*cells, *([] if max_loss is None else [rows[-1].label])])} |"


def long_table(names: list[str], max_loss: float | None) -> Iterator[str]:
    """A line for each number of bits."""
    yield "| network | bits | float | accuracy | lost | equal | bytes | seconds |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for name in names:
        case = Case(name)
        for row in case.rows(max_loss):
            figures = f"{case.accuracy:.2f} | {row.accuracy:.2f} | {case.accuracy - row.accuracy:+.2f}"
            yield f"| {name} | {row.label} | {figures} | {row.equal:.2f} | {row.bytes:,} | {row.seconds:.0f} |"


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="*", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--auto", type=float, metavar="POINTS", help="choose bits that lose at most this, too")
    parser.add_argument("--long", action="store_true", help="a line for each number of bits")
    options = parser.parse_args()
    for line in (long_table if options.long else table)(options.networks, options.auto):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
