"""Operators of an int8 file become layers: one function a kind, in a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from spikelet.converters.tflite.draft import Draft
from spikelet.converters.tflite.fields import supported
from spikelet.converters.tflite.file import Tensor, TfliteFile
from spikelet.converters.tflite.floats import SAME, THROUGH_FLOAT, Folded, fold_floats
from spikelet.converters.tflite.lower_conv import lower_conv, lower_depthwise, lower_fully_connected
from spikelet.converters.tflite.lower_elements import (
    lower_add,
    lower_leaky_relu,
    lower_logistic,
    lower_mul,
    lower_quantize,
    lower_relu,
    lower_tanh,
    lower_through_float,
)
from spikelet.converters.tflite.lower_maps import lower_mean, lower_pad, lower_pool, lower_softmax
from spikelet.converters.tflite.lower_moves import (
    copy_parameters,
    lower_concatenation,
    lower_reshape,
    lower_strided_slice,
)
from spikelet.converters.tflite.scope import Scope
from spikelet.converters.tflite.variables import Variables
from spikelet.converters.tflite.walks import strides
from spikelet.graded.model import GradedPort, LayerKind

__all__ = ["lower"]

#: Operators that need nothing but their tensors.
_KINDS: Mapping[str, Callable[[Scope], None]] = {
    "CONV_2D": lower_conv,
    "DEPTHWISE_CONV_2D": lower_depthwise,
    "FULLY_CONNECTED": lower_fully_connected,
    "AVERAGE_POOL_2D": lower_pool,
    "MAX_POOL_2D": lower_pool,
    "ADD": lower_add,
    "MUL": lower_mul,
    "PAD": lower_pad,
    "CONCATENATION": lower_concatenation,
    "RESHAPE": lower_reshape,
    "EXPAND_DIMS": lower_reshape,
    "SQUEEZE": lower_reshape,
    "STRIDED_SLICE": lower_strided_slice,
    "MEAN": lower_mean,
    "SOFTMAX": lower_softmax,
    "LOGISTIC": lower_logistic,
    "TANH": lower_tanh,
    "RELU": lower_relu,
    "RELU6": lower_relu,
    "LEAKY_RELU": lower_leaky_relu,
    "QUANTIZE": lower_quantize,
    SAME: lower_reshape,
    THROUGH_FLOAT: lower_through_float,
}
#: What numbers of uint8 are above the engine's.
_UNSIGNED = 128


def lower(file: TfliteFile, name: str, labels: Sequence[str] = ()) -> Draft:
    """Lower the network of a file.

    Args:
        file: as the reader gives it.
        name: of the file, for messages.
        labels: of the classes, for each output that has as many numbers in a row.

    Raises:
        ConvertError: an operator, a type or a number has no place in a graded network.
    """
    # Hostile scales make numbers without end, which checks refuse by their values.
    with np.errstate(all="ignore"):
        return _Lowering(fold_floats(file, name), name).draft(labels)


class _Lowering:
    """One lowering."""

    def __init__(self, folded: Folded, name: str) -> None:
        self._floats = folded.floats
        self._scope = Scope(folded.file.subgraphs[0], name, folded.floats)
        self._variables = Variables(self._scope, folded.file.subgraphs)
        self._special: Mapping[str, Callable[[], None]] = {
            "VAR_HANDLE": self._variables.handle,
            "CALL_ONCE": self._variables.call_once,
            "READ_VARIABLE": self._variables.read,
            "ASSIGN_VARIABLE": self._variables.assign,
        }

    def draft(self, labels: Sequence[str]) -> Draft:
        """The whole network."""
        scope = self._scope
        for index in scope.graph.inputs:
            scope.value(self._tensor(index))
        for operator in scope.graph.operators:
            scope.operator = operator
            if operator.kind in self._special:
                self._special[operator.kind]()
            elif operator.kind in _KINDS:
                _KINDS[operator.kind](scope)
            else:
                scope.refuse("", "an operator that is not supported here", supported())
        self._variables.finish()
        for index in scope.graph.inputs:
            scope.draft.inputs.append(self._port(self._tensor(index), scope.values[index]))
        self._outputs(tuple(labels))
        if not scope.draft.layers:
            scope.refuse("", "a network that computes nothing", "at least one layer")
        return scope.draft

    def _tensor(self, index: int) -> Tensor:
        return self._scope.graph.tensors[index]

    def _outputs(self, labels: tuple[str, ...]) -> None:
        scope, fitting = self._scope, 0
        for index in scope.graph.outputs:
            tensor = self._tensor(index)
            value = self._written(scope.value(tensor))
            named = labels if tensor.shape and tensor.shape[-1] == len(labels) else ()
            fitting += bool(named)
            scope.draft.outputs.append(self._port(tensor, value, labels=named))
        if labels and not fitting:
            shapes = ", ".join(str(list(self._tensor(i).shape)) for i in scope.graph.outputs)
            scope.refuse("labels", f"{len(labels)} names", f"as many as an output has classes: {shapes}")

    def _written(self, value: int) -> int:
        """A value that a port can be: of a constant, a copy."""
        draft, described = self._scope.draft, self._scope.draft.values[value]
        if described.constant is None:
            return value
        copy = draft.add(replace(described, constant=None))
        steps = strides(described.shape)
        parameters = copy_parameters(self._scope, described.shape, (0, steps), (0, steps))
        self._scope.layer(LayerKind.COPY, (value,), copy, parameters)
        return copy

    def _port(self, tensor: Tensor, value: int, labels: tuple[str, ...] = ()) -> GradedPort:
        is_float = tensor.index in self._floats
        offset = _UNSIGNED if tensor.kind == "UINT8" and not is_float else 0
        return GradedPort(name=tensor.name, tensor=value, is_float=is_float, offset=offset, labels=labels)
