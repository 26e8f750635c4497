"""What quantising a float .tflite network costs: python -m benchmarks.tflite_bits prints a table of networks and bits.

Networks are those of tests/golden/tflite_float. Everything is chosen on 500 random images of the training set; the
test set is looked at once, to print. Accuracy is that of the integers, run by the engine; TensorFlow's is that of its
own int8 file of the same network and samples, in its interpreter. --auto POINTS adds rows with bits chosen by layer,
--settings prints what was tried in place of a row.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite import convert_tflite, read_tflite
from spikelet.converters.tflite.float_run import FloatRun
from spikelet.converters.tflite.quantise import quantise
from spikelet.graded.engine import GradedEngine
from spikelet.graded.model import GradedModel

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
NETWORKS = tuple(f"{data}_{kind}" for data in ("digits", "mnist") for kind in ("mlp", "cnn", "separable", "residual"))
_Labels = npt.NDArray[np.integer[Any]]


def samples(name: str) -> tuple[Any, Any]:
    """Training and test samples of a network."""
    sys.path.insert(0, str(GOLDEN))
    from float_data import digits, mnist

    folder = Path(os.environ.get("SPIKELET_DATA", ROOT.parent / "shared" / "data"))
    return digits() if name.startswith("digits") else mnist(folder / "mnist")


def predictions(model: GradedModel, images: Any) -> _Labels:
    """The class with the largest output, by the integers in C."""
    with GradedEngine(model) as engine:
        shape = model.tensors[model.inputs[0].tensor].shape
        return np.array([int(np.argmax(engine.infer_float(image.reshape(shape))[0])) for image in images])


def stored(model: GradedModel) -> int:
    """Bytes of weights and tables."""
    arrays = [array for layer in model.layers if layer.weights is not None for array in (layer.weights, layer.table)]
    return sum(array.nbytes for array in arrays if array is not None)


def rows(name: str, weights: list[int | str], max_loss: float, *, settings: bool) -> Iterator[str]:
    """Of one network: TensorFlow's int8 file, then ours with each number of bits."""
    train, test = samples(name)
    calibration, file = train.calibration(), read_tflite(GOLDEN / "tflite_float" / f"{name}.tflite")
    reference = np.argmax(FloatRun(file).run(test.x)[0].reshape(len(test.x), -1), axis=1)
    accuracy = 100 * float(np.mean(reference == test.y))

    def row(label: str, found: _Labels, size: int, seconds: float | None) -> str:
        own = 100 * float(np.mean(found == test.y))
        equal, took = 100 * float(np.mean(found == reference)), "" if seconds is None else f"{seconds:.0f}"
        figures = f"{accuracy:.2f} | {own:.2f} | {accuracy - own:+.2f} | {equal:.2f} | {size:,}"
        return f"| {name} | {label} | {figures} | {took} |"

    theirs = convert_tflite(read_tflite(GOLDEN / "tflite_float" / f"{name}_int8.tflite"))
    yield row("TensorFlow 8", predictions(theirs, test.x), stored(theirs), None)
    for bits in weights:
        start = time.perf_counter()
        made, report = quantise(
            file, calibration.x, weights=bits, labels=calibration.y, max_loss=max_loss, runner=GradedEngine
        )
        seconds = time.perf_counter() - start
        if settings:
            yield from (f"{name} {bits} {tried}" for tried in report["tried"])
            continue
        model = convert_tflite(made)
        label = str(bits)
        if bits == "auto":
            label = f"auto ({' '.join(str(layer['bits']) for layer in report['layers'])})"
        yield row(label, predictions(model, test.x), report["bytes"], seconds)


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="*", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--auto", type=float, metavar="POINTS", help="choose bits that lose at most this, too")
    parser.add_argument("--settings", action="store_true", help="print the settings that were tried")
    options = parser.parse_args()
    weights: list[int | str] = [8, 4, 2, *(["auto"] if options.auto is not None else [])]
    print("| network | bits | float | accuracy | lost | equal | bytes | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in options.networks:
        for line in rows(name, weights, options.auto or 0.0, settings=options.settings):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
