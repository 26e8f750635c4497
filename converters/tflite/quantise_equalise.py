"""Channels of activations brought to like ranges, where the next layer can take the factors back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from spikelet.converters.nodes import FloatArray
from spikelet.converters.tflite.file import Operator, Subgraph, TfliteFile
from spikelet.converters.tflite.float_call import Array
from spikelet.converters.tflite.float_run import FloatRun
from spikelet.converters.tflite.quantise_graph import WEIGHTED
from spikelet.converters.tflite.quantise_weights import AXES

__all__ = ["equalised"]

#: Operators that a positive factor of a channel passes.
_PASSED = ("AVERAGE_POOL_2D", "LEAKY_RELU", "MAX_POOL_2D", "PAD", "RELU")
_ACTIVATIONS = ("NONE", "RELU")
#: A channel is raised at most so much.
_MOST = 1024.0


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two layers with weights; only the second reads what the first writes. `between` is what it reads."""

    first: Operator
    second: Operator
    between: int


def equalised(file: TfliteFile, inputs: Sequence[Array]) -> TfliteFile:
    """The same float network with other weights: channels between two layers have ranges that are more alike.

    A channel that is small beside others has few of the 256 steps. Where it is raised, the next layer's weights of it
    get small beside those of other channels: both are given like shares. Before a depthwise layer, whose channels
    have scales of their own, all channels get the same range.

    Args:
        file: of `grouped`.
        inputs: calibration data.

    Source: Nagel et al. 2019, "Data-free quantization through weight equalization and bias correction", section 4.1,
        with ranges of activations in the place of those of the first layer's weights.
    """
    graph = file.subgraphs[0]
    pairs = list(_pairs(graph))
    largest = _largest(FloatRun(file), [pair.between for pair in pairs], inputs)
    tensors = {tensor.index: tensor.data for tensor in graph.tensors if tensor.data is not None}
    for pair in pairs:
        factors = _factors(pair, largest[pair.between], tensors[pair.second.inputs[1]])
        axis = AXES[pair.first.kind]
        for index, along in ((pair.first.inputs[1], axis), (_bias(pair.first), 0)):
            if index >= 0:
                tensors[index] = _scaled(tensors[index], factors, along)
        tensors[pair.second.inputs[1]] = _divided(pair.second, tensors[pair.second.inputs[1]], factors)
    changed = tuple(
        replace(tensor, data=tensors[tensor.index]) if tensor.index in tensors else tensor for tensor in graph.tensors
    )
    return replace(file, subgraphs=(replace(graph, tensors=changed), *file.subgraphs[1:]))


def _pairs(graph: Subgraph) -> Iterator[_Pair]:
    readers: dict[int, list[Operator]] = {}
    for operator in graph.operators:
        for index in operator.inputs:
            readers.setdefault(index, []).append(operator)
    for first in graph.operators:
        if first.kind not in WEIGHTED or not _own(first, readers) or not _homogeneous(first):
            continue
        between = first.outputs[0]
        while len(readers.get(between, ())) == 1 and between not in graph.outputs:
            second = readers[between][0]
            if second.kind in WEIGHTED:
                channels = graph.tensors[between].shape[-1]
                if _own(second, readers) and _reads_all(second, graph, channels):
                    yield _Pair(first, second, between)
                break
            if second.kind not in _PASSED or not _homogeneous(second):
                break
            between = second.outputs[0]


def _own(operator: Operator, readers: dict[int, list[Operator]]) -> bool:
    """Whether nothing else reads the weights and the bias."""
    return all(len(readers[index]) == 1 for index in operator.inputs[1:] if index >= 0)


def _homogeneous(operator: Operator) -> bool:
    return operator.options.get("fused_activation_function", "NONE") in _ACTIVATIONS


def _reads_all(second: Operator, graph: Subgraph, channels: int) -> bool:
    """Whether each output of a layer reads all channels (or, of a depthwise layer, one)."""
    return second.kind == "DEPTHWISE_CONV_2D" or graph.tensors[second.inputs[1]].shape[-1] == channels


def _largest(run: FloatRun, tensors: Sequence[int], inputs: Sequence[Array]) -> dict[int, FloatArray]:
    """Largest size in each channel."""
    found: dict[int, FloatArray] = {}
    for batch in run.tensors(*inputs):
        for index in tensors:
            values = np.abs(batch[index]).reshape(-1, batch[index].shape[-1]).max(axis=0).astype(np.float64)
            found[index] = np.maximum(found.get(index, 0.0), values)
    return found


def _factors(pair: _Pair, largest: FloatArray, weight: npt.NDArray[np.float32]) -> FloatArray:
    """What each channel is multiplied with, 1 or more; 1 for channels in which nothing happens."""
    alive = largest > 1e-6 * float(largest.max(initial=0.0))
    wanted = np.divide(1.0, largest, out=np.ones_like(largest), where=alive)
    if pair.second.kind != "DEPTHWISE_CONV_2D":
        used = np.abs(weight).reshape(-1, weight.shape[-1]).max(axis=0).astype(np.float64)
        wanted = np.sqrt(wanted * np.maximum(used, 1e-6 * float(used.max(initial=1e-30))))
    least = float(np.min(wanted, where=alive, initial=np.inf))
    return np.where(alive, np.minimum(wanted / least, _MOST), 1.0)


def _bias(operator: Operator) -> int:
    return operator.inputs[2] if len(operator.inputs) > 2 else -1


def _scaled(data: Array, factors: FloatArray, axis: int) -> npt.NDArray[np.float32]:
    shape = [1] * data.ndim
    shape[axis] = -1
    result: npt.NDArray[np.float32] = (data * factors.reshape(shape)).astype(np.float32)
    return result


def _divided(second: Operator, weight: Array, factors: FloatArray) -> npt.NDArray[np.float32]:
    """The next layer's weights, which take the factors back."""
    each = weight.shape[-1] // len(factors) if second.kind == "DEPTHWISE_CONV_2D" else 1
    return _scaled(weight, 1 / np.repeat(factors, each), weight.ndim - 1)
