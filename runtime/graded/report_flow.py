"""Who reads what whom wrote: tensors of a graded network may be the same bytes under several names and shapes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.graded.model import GradedModel, GradedTensor

__all__ = ["Flow", "TensorMemory", "extent", "flows"]

#: Writer, reader and tensor: both are places in the row of input ports, layers, output ports.
Flow = tuple[int, int, int]


def extent(tensor: GradedTensor) -> tuple[int, int]:
    """First byte of a tensor in the memory, and the one behind its last."""
    return tensor.at, tensor.at + tensor.size * tensor.type


def flows(model: GradedModel) -> Iterator[Flow]:
    """Who reads what whom wrote, in order of the readers; constants have no writer.

    A variable is read before it is written: then the writer is the layer that wrote it last in the inference before,
    and comes after the reader.
    """
    first, last = len(model.inputs), len(model.inputs) + len(model.layers)
    reads = [(first + index, layer.inputs, layer.output) for index, layer in enumerate(model.layers)]
    owner = np.full(model.memory, -1, np.int64)
    _write_ports(model, owner)
    for node, _, output in reads:
        _slice(owner, model.tensors[output])[:] = node
    kept = owner[: model.variables].copy()
    owner[:] = -1
    owner[: model.variables] = kept
    _write_ports(model, owner)
    for node, inputs, output in reads:
        for tensor in dict.fromkeys(inputs):
            yield from ((writer, node, tensor) for writer in _writers(owner, model.tensors[tensor]) if writer != node)
        _slice(owner, model.tensors[output])[:] = node
    for index, port in enumerate(model.outputs):
        found = _writers(owner, model.tensors[port.tensor])
        yield from ((writer, last + index, port.tensor) for writer in found)


def _write_ports(model: GradedModel, owner: npt.NDArray[np.int64]) -> None:
    for index, port in enumerate(model.inputs):
        _slice(owner, model.tensors[port.tensor])[:] = index


def _slice(owner: npt.NDArray[np.int64], tensor: GradedTensor) -> npt.NDArray[np.int64]:
    start, stop = extent(tensor)
    return owner[start:stop]


def _writers(owner: npt.NDArray[np.int64], tensor: GradedTensor) -> list[int]:
    if tensor.constant is not None:
        return []
    return [int(writer) for writer in np.unique(_slice(owner, tensor)) if writer >= 0]


class TensorMemory:
    """The tensor memory, made again from what GradedRunner.layers gives: what any tensor holds at that time."""

    def __init__(self, model: GradedModel) -> None:
        self._model = model
        self._bytes = np.zeros(0, np.uint8)
        self.reset()

    def reset(self) -> None:
        """Variables begin anew."""
        self._bytes = np.zeros(self._model.memory, np.uint8)
        self._bytes[: len(self._model.initial)] = self._model.initial

    def begin(self, inputs: tuple[npt.NDArray[Any], ...]) -> None:
        """Start an inference."""
        for port, values in zip(self._model.inputs, inputs, strict=True):
            self.write(port.tensor, values)

    def write(self, index: int, values: npt.NDArray[Any]) -> None:
        """Write a tensor."""
        tensor = self._model.tensors[index]
        start, stop = extent(tensor)
        self._bytes[start:stop] = np.ascontiguousarray(values, tensor.type.dtype).reshape(-1).view(np.uint8)

    def read(self, index: int) -> npt.NDArray[Any]:
        """A copy of a tensor."""
        tensor = self._model.tensors[index]
        if tensor.constant is not None:
            return np.asarray(tensor.constant, tensor.type.dtype).reshape(tensor.shape)
        start, stop = extent(tensor)
        found: npt.NDArray[Any] = self._bytes[start:stop].view(tensor.type.dtype).reshape(tensor.shape).copy()
        return found
