"""Points of .tflite files: float ones with fewer bits, and any as spikes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikelet import board_files
from spikelet.arrays import read_arrays
from spikelet.datasets import DataSet
from spikelet.errors import BoardError, DataError
from spikelet.graded.model import GradedModel
from spikelet.model import Model

if TYPE_CHECKING:
    from spikelet.graded.data_shapes import Choices
    from spikelet.sweep.axes import Point
    from spikelet.sweep.job import Inputs

__all__ = ["converted_rates", "measure_float", "test_float"]


def measure_float(point: Point, inputs: Inputs, folder: Path) -> dict[str, Any]:
    """A float network quantised; instructions are counted in emulation, on few samples."""
    from spikelet.fit import counting_board
    from spikelet.graded.budget import graded_cost
    from spikelet.graded.data import load
    from spikelet.networks import image_of

    model, others = _quantised(point, inputs, folder)
    board = counting_board(board_files.load(inputs.board))
    if board is None:
        raise BoardError(f"no emulator counts the instructions of {inputs.board}: pip install 'spikelet[emulator]'")
    data = load(others, model, choices=_choices(inputs))
    cost = graded_cost(model, board, data=data.take(min(inputs.cost_samples, 2)), compiler=inputs.compiler)
    return {
        "accuracy": round(_accuracy(model, others, inputs), 6),
        "bytes": len(image_of(replace(model, meta={}))),
        "instructions": round(cost.instructions, 1),
        "synops": None,
        "ticks": None,
        "samples": len(data),
    }


def test_float(point: Point, inputs: Inputs, folder: Path) -> dict[str, Any]:
    """The image of a quantised network, and its accuracy on test data."""
    from spikelet.networks import image_of

    model, _ = _quantised(point, inputs, folder)
    found: dict[str, Any] = {"image": image_of(model)}
    if len(inputs.test):
        file = folder / "test.npz"
        file.write_bytes(inputs.test.tobytes())
        found["test_accuracy"] = _accuracy(model, file, inputs)
    return found


def converted_rates(point: Point, inputs: Inputs, file: Path, folder: Path) -> tuple[Model, DataSet]:
    """A .tflite file as spikes, and the samples that measure it."""
    from spikelet.converters.tflite.spikes import convert_spikes
    from spikelet.datasets import load

    first, second = _halves(inputs, folder)
    x, y = _arrays(first)
    given: dict[str, Any] = dict(inputs.options)
    if point.ticks is not None:
        given["ticks"] = point.ticks
    if point.early_exit not in (None, "off"):
        given["early_exit"] = point.early_exit
    model = convert_spikes(file, calibration=x, calibration_labels=y, **given)
    return model, load(second, model, labelled=True)


def _quantised(point: Point, inputs: Inputs, folder: Path) -> tuple[GradedModel, Path]:
    """The model, and the file of samples that measure it."""
    from spikelet.converters.tflite.calibrated import convert_graded
    from spikelet.converters.tflite.reader import read_tflite
    from spikelet.graded.data import load_real

    file = folder / f"network{inputs.suffix}"
    file.write_bytes(inputs.network.tobytes())
    first, second = _halves(inputs, folder)
    graph = read_tflite(file).subgraphs[0]
    shapes = {graph.tensors[index].name: graph.tensors[index].shape for index in graph.inputs}
    samples, labels = load_real(first, shapes, choices=_choices(inputs))
    weights = 8 if point.bits is None else point.bits
    model = convert_graded(
        file, weights=weights, calibration=samples, calibration_labels=labels, **dict(inputs.options)
    )
    return model, second


def _choices(inputs: Inputs) -> Choices | None:
    """What is done with pixels."""
    from spikelet.graded.data_shapes import Choices
    from spikelet.graded.data_values import PixelRange

    return Choices(pixels=PixelRange(inputs.pixels)) if inputs.pixels else None


def _accuracy(model: GradedModel, file: Path, inputs: Inputs) -> float:
    from spikelet.graded.data import load
    from spikelet.graded.engine import GradedEngine
    from spikelet.graded.evaluate import Task, evaluate

    with GradedEngine(model) as engine:
        return evaluate(engine, load(file, model, choices=_choices(inputs)), task=Task.CLASSES).accuracy


def _halves(inputs: Inputs, folder: Path) -> tuple[Path, Path]:
    """The calibration data as two files: every other sample, and the others."""
    whole = folder / "calibration.npz"
    whole.write_bytes(inputs.calibration.tobytes())
    x, y = _arrays(whole)
    n = min(inputs.samples or len(x), len(x))
    if n < 2:
        raise DataError(f"the calibration data have {n} sample: some fit, others measure, so give more")
    files = folder / "fit.npz", folder / "measure.npz"
    for start, file in enumerate(files):
        np.savez(file, x=x[start:n:2], y=y[start:n:2])
    return files


def _arrays(file: Path) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Samples and labels of an .npz file."""
    arrays = read_arrays(file, {"x", "y", "labels"})
    labels = arrays.get("y", arrays.get("labels"))
    if "x" not in arrays or labels is None or len(arrays["x"]) != len(labels):
        raise DataError(f"{file.name}: a sweep of a .tflite file needs arrays x and y of as many samples")
    return arrays["x"], labels
