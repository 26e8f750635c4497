"""`spikelet run` of int8 networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from spikelet.cli.confusion import class_name
from spikelet.cli.graded_options import get_graded_data
from spikelet.cli.screen import Rows, counted, number, percent, print_json, say, table
from spikelet.errors import DataError
from spikelet.graded.data_shapes import Choices
from spikelet.graded.evaluate import Task, task_of
from spikelet.graded.model import GradedModel, GradedPort, GradedTensor, TensorType
from spikelet.graded.runner import IntArray, dequantised
from spikelet.runners import open_graded

__all__ = ["run_graded"]

#: Classes that are printed, characters of a bar, and numbers of an output that has no classes.
_CLASSES, _BAR, _NUMBERS = 10, 24, 8
#: Scale of what softmax and logistic give, in int8 and int16.
_PROBABILITY = {TensorType.INT8: (1 / 256, -128), TensorType.INT16: (1 / 32768, 0)}


def run_graded(
    model: GradedModel,
    data: Path,
    *,
    sample: int,
    where: str,
    choices: Choices | None,
    output: Path | None,
    compiler: str,
    as_json: bool,
) -> None:
    """Run one sample, and print or write what comes out.

    Args:
        model: the network.
        data: file or folder.
        sample: which of a data set.
        where: to run.
        choices: what is done with data that do not fit as they are.
        output: an .npz file for the outputs as integers; None: none is written.
        compiler: for an emulated board's firmware.
        as_json: print JSON.

    Raises:
        DataError: there is no such sample.
    """
    found = get_graded_data(data, model, choices)
    if sample >= len(found):
        raise DataError(f"{data} has {counted(len(found), 'sample')}, numbered from 0: there is no sample {sample}")
    with open_graded(where, model, compiler=compiler) as runner:
        for inputs in found.inputs(sample):
            outputs = runner.infer(*inputs)
    if output is not None:
        with output.open("wb") as stream:
            named: dict[str, Any] = {port.name: values for port, values in zip(model.outputs, outputs, strict=True)}
            np.savez_compressed(stream, **named)
    if as_json:
        print_json({"outputs": [_data(model, *pair) for pair in zip(model.outputs, outputs, strict=True)]})
        return
    if task_of(model) is Task.RECONSTRUCTION:
        real = dequantised(outputs[0], model.tensors[model.outputs[0].tensor])
        error = float(np.mean((real.reshape(-1) - found.real(sample)[0][-1].reshape(-1)) ** 2))
        say(f"mean squared error of output and input: {error:.5g}")
    for port, values in zip(model.outputs, outputs, strict=True):
        _print(port, model.tensors[port.tensor], values, found.classes)
    for note in found.notes():
        say(f"note: {note}")


def _is_vector(tensor: GradedTensor) -> bool:
    """Whether a tensor may be one number a class."""
    return 1 < tensor.size == max(tensor.shape) <= 4096


def _print(port: GradedPort, tensor: GradedTensor, values: IntArray, names: Any) -> None:
    """The largest numbers of an output; those of a wide one as a summary."""
    real = dequantised(values, tensor).reshape(-1)
    scale, zero = _PROBABILITY.get(tensor.type, (0.0, 0))
    probable = abs(tensor.scale / scale - 1) < 1e-3 and tensor.zero_point == zero if scale else False
    labels = port.labels or names
    if tensor.size == 1:
        shown = percent(float(real[0])) if probable else f"{real[0]:.5g}"
        say(f"output {port.name!r}: {shown} (q = {int(values.reshape(-1)[0])})")
        return
    if not _is_vector(tensor) or not (probable or labels or tensor.size <= _CLASSES):
        say(
            f"output {port.name!r} of shape {tensor.shape}: {real.min():.5g} to {real.max():.5g},"
            f" mean {real.mean():.5g}; -o FILE.npz writes it"
        )
        more = " ..." if tensor.size > _NUMBERS else ""
        say("first " + ", ".join(f"{value:.4g}" for value in real[:_NUMBERS]) + more)
        return
    order = np.argsort(-values.reshape(-1).astype(np.int64), kind="stable")[:_CLASSES]
    say(f"output {port.name!r}: {class_name(int(order[0]), labels)}")
    rows: Rows = []
    for index in order.tolist():
        bar = "█" * round(_BAR * float(real[index])) if probable else ""
        shown = percent(float(real[index]), 1) if probable else f"{real[index]:.4g}"
        rows.append((class_name(index, labels), shown, int(values.reshape(-1)[index]), bar))
    table("", ("class", "#probability" if probable else "#output", "#q", ""), rows)
    if tensor.size > _CLASSES:
        say(f"and {number(tensor.size - _CLASSES)} classes more")


def _data(model: GradedModel, port: GradedPort, values: IntArray) -> dict[str, Any]:
    """An output for machines."""
    tensor = model.tensors[port.tensor]
    vector = _is_vector(tensor)
    return {
        "name": port.name,
        "shape": list(tensor.shape),
        "scale": tensor.scale,
        "zero_point": tensor.zero_point,
        "prediction": int(np.argmax(values)) if vector else None,
        "label": port.labels[int(np.argmax(values))] if vector and port.labels else None,
        "values": values.reshape(-1).tolist(),
        "real": [float(f"{value:.7g}") for value in dequantised(values, tensor).reshape(-1)],
    }
