"""A point of a sweep, converted and run: what a worker does, on this machine or on another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.datasets import DataSet
from spikelet.datasets import load as load_data
from spikelet.errors import DataError, SpikeletError
from spikelet.model import Model
from spikelet.sweep.axes import Kind, Point

__all__ = ["Inputs", "final", "measure", "version"]

#: A file's bytes: as an array, since a pool of processes shares large ones.
_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What is the same for all points of a sweep; it goes to other machines, so files are bytes, not paths.

    Args:
        kind: of the network; see Axes.check.
        suffix: of the network's file.
        network, calibration, test: files; `test` may be empty.
        options: keywords of the conversion.
        board: whose instructions are told.
        compiler: whose code is counted: "gcc" or "zig".
        samples: most samples of the calibration data, 0: all.
        cost_samples: so many of them tell instructions.
        pixels: of a float .tflite file: what pixels 0 to 255 were in training; "": data are real numbers.
    """

    kind: Kind
    suffix: str
    network: _Bytes
    calibration: _Bytes
    test: _Bytes
    options: Mapping[str, Any]
    board: str
    compiler: str
    samples: int
    cost_samples: int
    pixels: str = ""


def version() -> str:
    """Which spikelet a worker has."""
    from importlib.metadata import version as of

    return of("spikelet")


def measure(point: Point, inputs: Inputs) -> dict[str, Any]:
    """Convert and run a point; what the conversion refuses is told, as `error`.

    Every other sample of the calibration data fits the model (weights, margins), the others measure it.

    Returns:
        accuracy; bytes of the image without what its META tells of the conversion; instructions, synaptic operations
        and ticks of a sample in the mean; samples.
    """
    try:
        with TemporaryDirectory() as folder:
            return _of_kind(point, inputs, Path(folder))
    except SpikeletError as error:
        return {"error": str(error)}


def final(point: Point, inputs: Inputs) -> dict[str, Any]:
    """The image of a point as `image`, and where there are test data the accuracy on them as `test_accuracy`."""
    from spikelet.networks import image_of

    with TemporaryDirectory() as folder:
        where = Path(folder)
        if inputs.kind == "float":
            from spikelet.sweep.job_float import test_float

            return test_float(point, inputs, where)
        model = _converted(point, inputs, where)[0]
        found: dict[str, Any] = {"image": image_of(model)}
        if len(inputs.test):
            found["test_accuracy"] = _run(model, _data(inputs.test, model, where, "test.npz"))[0]
        return found


def _of_kind(point: Point, inputs: Inputs, folder: Path) -> dict[str, Any]:
    if inputs.kind == "float":
        from spikelet.sweep.job_float import measure_float

        return measure_float(point, inputs, folder)
    from spikelet.budget_samples import sample_instructions
    from spikelet.networks import image_of

    model, data = _converted(point, inputs, folder)
    accuracy, synops, ticks = _run(model, data)
    chosen = np.unique(np.linspace(0, len(data) - 1, min(inputs.cost_samples, len(data))).astype(np.int64))
    some = part_of(data, chosen)
    cost = sample_instructions(model, inputs.board, some, ticks=ticks[chosen], compiler=inputs.compiler)
    return {
        "accuracy": round(accuracy, 6),
        "bytes": len(image_of(replace(model, meta={}))),
        "instructions": None if cost is None else round(cost, 1),
        "synops": round(float(synops.mean()), 2),
        "ticks": round(float(ticks.mean()), 4),
        "samples": len(data),
    }


def _run(model: Model, data: DataSet) -> tuple[float, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Accuracy; synaptic operations and ticks of each sample."""
    from spikelet.engine import Engine
    from spikelet.evaluate import evaluate

    with Engine(model) as engine:
        result = evaluate(engine, data)
    return result.accuracy, result.synops.sum(axis=1), result.ticks


def _converted(point: Point, inputs: Inputs, folder: Path) -> tuple[Model, DataSet]:
    """The model of a point, and the samples that measure it."""
    file = folder / f"network{inputs.suffix}"
    file.write_bytes(inputs.network.tobytes())
    if inputs.kind == "rates":
        from spikelet.sweep.job_float import converted_rates

        return converted_rates(point, inputs, file, folder)
    from spikelet.converters import convert

    plain = dict(inputs.options)
    if point.ticks is not None:
        plain["ticks_per_sample"] = point.ticks
    network = file if point.threshold in (None, 1.0) else _scaled(file, plain, float(point.threshold))
    if not isinstance(network, Path):
        plain = {name: value for name, value in plain.items() if name not in ("takes", "arrival")}
    prune_by = plain.pop("prune_by", None)
    bare = convert(network, **plain)
    assert isinstance(bare, Model)
    fit, measured = halves(_data(inputs.calibration, bare, folder, "calibration.npz", inputs.samples))
    given: dict[str, Any] = {
        "calibration": {port.name: list(fit.parts[port.name]) for port in bare.inputs},
        "calibration_labels": fit.labels,
    }
    if point.bits is not None:
        given |= {"weights": "auto"} if point.bits == "auto" else {"weight_bits": point.bits}
    if point.early_exit not in (None, "off"):
        given["early_exit"] = point.early_exit
    if point.prune not in (None, 0):
        given |= {"prune": point.prune} | ({"prune_by": prune_by} if prune_by else {})
    model = convert(network, **plain, **given)
    assert isinstance(model, Model)
    return model, measured


def _scaled(file: Path, options: Mapping[str, Any], factor: float) -> Any:
    """The network with other thresholds.

    Raises:
        DataError: it has none that are real numbers.
    """
    from spikelet.converters.graph import Network
    from spikelet.converters.nodes import IF, LIF, CubaLIF, Node, Threshold
    from spikelet.converters.pipeline import lower

    names = ("framework", "dt", "takes", "arrival")
    network = lower(file, **{name: options[name] for name in names if name in options}, until="inline")
    nodes: dict[str, Node] = dict(network.nodes)
    for path, node in network.of(IF, LIF, CubaLIF):
        nodes[path] = replace(node, v_threshold=node.v_threshold * factor)
    for path, node in network.of(Threshold):
        nodes[path] = replace(node, threshold=node.threshold * factor)
    if all(node is network.nodes[path] for path, node in nodes.items()):
        raise DataError("--thresholds: no neuron of this file has a threshold as a real number: leave it out")
    return Network(nodes=nodes, edges=network.edges, meta=network.meta)


def _data(content: _Bytes, model: Model, folder: Path, name: str, samples: int = 0) -> DataSet:
    """A data set for a model, with labels."""
    file = folder / name
    file.write_bytes(content.tobytes())
    try:
        return load_data(file, model, labelled=True).take(samples)
    except DataError as error:
        raise DataError(str(error).replace(str(folder) + "/", "")) from error


def halves(data: DataSet) -> tuple[DataSet, DataSet]:
    """Every other sample, and the others.

    Raises:
        DataError: there are fewer than two.
    """
    if len(data) < 2:
        raise DataError(f"the calibration data have {len(data)} sample: some fit, others measure, so give more")
    return part_of(data, np.arange(0, len(data), 2)), part_of(data, np.arange(1, len(data), 2))


def part_of(data: DataSet, chosen: npt.NDArray[np.int64]) -> DataSet:
    """Some samples of a data set."""
    parts = {name: [part[int(index)] for index in chosen] for name, part in data.parts.items()}
    return replace(data, parts=parts, labels=None if data.labels is None else data.labels[chosen])
