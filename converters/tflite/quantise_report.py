"""What quantising did to a network: measured with its integers on data that nothing was fitted to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from spikelet.converters.tflite.file import TfliteFile
from spikelet.converters.tflite.float_call import Array
from spikelet.converters.tflite.float_run import FloatRun
from spikelet.converters.tflite.quantise_bits import Labels
from spikelet.converters.tflite.quantise_graph import WEIGHTED
from spikelet.converters.tflite.quantise_settings import Tried
from spikelet.graded.model import GradedModel
from spikelet.graded.runner import GradedRunner, dequantised, quantised

__all__ = ["layer_rows", "measured", "tried_rows"]


class _Errors:
    """Squared errors of each tensor in parts of its variance."""

    def __init__(self) -> None:
        self.squares: dict[int, float] = {}
        self.sums: dict[int, list[Any]] = {}

    def add(self, tensor: int, found: Array, meant: Array) -> None:
        """Count one sample."""
        y = meant.astype(np.float64)
        self.squares[tensor] = self.squares.get(tensor, 0.0) + float(np.sum((found - y) ** 2))
        n, total, power = self.sums.get(tensor, [0, 0.0, 0.0])
        self.sums[tensor] = [n + 1, total + y, power + float(np.sum(y**2))]

    def relative(self) -> dict[int, float]:
        """Of each tensor; 0 where it is always the same."""
        found = {}
        for tensor, (n, total, power) in self.sums.items():
            variance = power - float(np.sum(total**2)) / n
            found[tensor] = self.squares[tensor] / variance if variance > 1e-12 * power else 0.0
        return found


def measured(
    original: FloatRun, runner: GradedRunner, inputs: Sequence[Array], labels: Labels | None
) -> tuple[dict[str, Any], dict[int, float]]:
    """Run the float network and the integers beside each other.

    Args:
        original: the float network that was rounded (equalised, where that was done).
        runner: of the integers.
        inputs: of both, shape (samples, *shape of the file).
        labels: of the samples.

    Returns:
        "samples"; "predictions_equal" [percent] of the first output; with labels "accuracy" [percent] of "float" and
        of "integers". And by tensor the squared error in parts of its variance.
    """
    original.reset()
    runner.reset()
    graph, errors = original.graph, _Errors()
    found, wanted = list[int](), list[int]()
    for values in _samples(original, inputs):
        written = _integers(runner, [values[index] for index in graph.inputs])
        for tensor, real in written.items():
            if tensor in values and real.size == values[tensor].size:
                errors.add(tensor, real.reshape(-1), values[tensor].reshape(-1))
        found.append(int(np.argmax(runner.outputs()[0])))
        wanted.append(int(np.argmax(values[graph.outputs[0]])))
    result: dict[str, Any] = {"samples": len(found), "predictions_equal": _percent(np.equal(found, wanted))}
    if labels is not None:
        result["accuracy"] = {
            "float": _percent(np.equal(wanted, labels)),
            "integers": _percent(np.equal(found, labels)),
        }
    return result, errors.relative()


def _samples(original: FloatRun, inputs: Sequence[Array]) -> Iterator[dict[int, Array]]:
    """Every tensor of the float network, a sample at a time."""
    for batch in original.tensors(*inputs):
        for k in range(len(next(iter(batch.values())))):
            yield {index: values[k] for index, values in batch.items()}


def _integers(runner: GradedRunner, inputs: Sequence[Array]) -> dict[int, Array]:
    """What layers make of a sample, as real numbers by tensor of the file: activations of both files have one index."""
    model = runner.model
    given = []
    for port, values in zip(model.inputs, inputs, strict=True):
        tensor = model.tensors[port.tensor]
        given.append(quantised(values.reshape(tensor.shape), tensor, f"input {port.name!r}"))
    # Several layers may write one tensor, such as the parts of a concatenation: the last one has it whole.
    written = {model.layers[index].output: integers for index, integers in runner.layers(*given)}
    numbers = model.meta["tensors"]
    return {numbers[index]: dequantised(values, model.tensors[index]) for index, values in written.items()}


def _percent(hits: Any) -> float:
    return round(100 * float(np.mean(hits)), 3)


def layer_rows(
    file: TfliteFile, model: GradedModel, errors: Mapping[int, float], numbers: Mapping[int, int]
) -> list[dict[str, Any]]:
    """Of each layer with weights "layer" (its number), "kind", "name", "bits", "bytes" in the image, and "error".

    The error is that of what it writes.

    Args:
        file: the int8 file.
        model: what became of it.
        errors: of `measured`.
        numbers: of operators in the float file, by the tensor that they write.
    """
    rows, graph = [], file.subgraphs[0]
    for operator in graph.operators:
        if operator.kind not in WEIGHTED:
            continue
        own = [layer for layer in model.layers if layer.source == operator.index]
        arrays = [array for layer in own for array in (layer.weights, layer.table) if array is not None]
        weights = graph.tensors[operator.inputs[1]].quantisation
        error = errors.get(operator.outputs[0])
        rows.append(
            {
                "layer": numbers[operator.outputs[0]],
                "kind": operator.kind,
                "name": graph.tensors[operator.outputs[0]].name,
                "bits": 8 if weights is None else weights.bits,
                "bytes": int(sum(array.nbytes for array in arrays)),
                "error": None if error is None else round(error, 8),
            }
        )
    return rows


def tried_rows(tried: Sequence[Tried]) -> list[dict[str, Any]]:
    """Settings that were tried and their loss, as data."""
    return [{**asdict(one.settings), "loss": round(one.loss, 8)} for one in tried]
