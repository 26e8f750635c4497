"""The numpy reference of graded networks: docs/reference/graded.md in the most direct form, to compare engines with."""

from __future__ import annotations

import numpy as np

from spikelet.errors import ModelError
from spikelet.graded.model import PARAMETERS, GradedModel, GradedTensor, Layer, LayerKind
from spikelet.graded.reference_elements import ELEMENT_KINDS
from spikelet.graded.reference_maps import MAP_KINDS
from spikelet.graded.reference_rows import ROW_KINDS
from spikelet.graded.runner import GradedRunner, IntArray

__all__ = ["GradedReference"]

_KINDS = {**MAP_KINDS, **ELEMENT_KINDS, **ROW_KINDS}
#: What lies in bytes that nobody wrote: no result may depend on it.
_UNWRITTEN = 0xA5


class GradedReference(GradedRunner):
    """Runs a graded network in numpy.

    Tensors lie in one array of bytes as the document says, so that tensors which a planner laid over each other by
    mistake overwrite each other here too. A layer reads all its inputs before it writes.

    Raises:
        ModelError: a layer lacks a parameter, or a tensor lies outside the memory.
    """

    def __init__(self, model: GradedModel) -> None:
        self.model = model
        for tensor in model.tensors:
            _check_place(tensor, model.memory)
        self._constants = {
            index: np.ascontiguousarray(tensor.constant, tensor.type.dtype).reshape(-1)
            for index, tensor in enumerate(model.tensors)
            if tensor.constant is not None
        }
        self._steps = []
        for index, layer in enumerate(model.layers):
            _check_parameters(layer, index)
            self._steps.append(_KINDS[layer.kind](layer))
        self._memory = np.zeros(0, np.uint8)
        self.reset()

    def reset(self) -> None:
        """See GradedRunner."""
        self._drop()
        self._memory = np.full(self.model.memory, _UNWRITTEN, np.uint8)
        self._memory[: len(self.model.initial)] = self.model.initial

    def _write(self, tensor: int, values: IntArray) -> None:
        self._view(tensor)[:] = values.reshape(-1)

    def _read(self, tensor: int) -> IntArray:
        values: IntArray = self._view(tensor).reshape(self.model.tensors[tensor].shape).copy()
        return values

    def _run_layer(self, index: int) -> None:
        layer = self.model.layers[index]
        inputs = [self._view(number).astype(np.int64) for number in layer.inputs]
        output = self._view(layer.output)
        values = self._steps[index](inputs, output.astype(np.int64))
        # The document's clamps keep all values inside the type.
        output[:] = values

    def _view(self, index: int) -> IntArray:
        """A tensor's elements where they lie."""
        if index in self._constants:
            return self._constants[index]
        tensor = self.model.tensors[index]
        piece = self._memory[tensor.at : tensor.at + tensor.size * tensor.type]
        return piece.view(tensor.type.dtype)


def _check_place(tensor: GradedTensor, memory: int) -> None:
    end = tensor.at + tensor.size * tensor.type
    if tensor.constant is None and not (tensor.at % 4 == 0 and tensor.at >= 0 and end <= memory):
        raise ModelError(
            f"tensor {tensor.name!r}: found bytes {tensor.at} .. {end}; allowed: from a multiple of 4 on, inside the "
            f"{memory} bytes of the tensor memory. Plan the memory again"
        )


def _check_parameters(layer: Layer, index: int) -> None:
    wanted = PARAMETERS[LayerKind(layer.kind)]
    if tuple(sorted(layer.parameters)) != tuple(sorted(wanted)):
        raise ModelError(
            f"layer {index} {layer.name!r}: found parameters {sorted(layer.parameters)}; allowed for "
            f"{layer.kind.name}: {list(wanted)}"
        )
