"""Operators of an int8 file become layers: one function a kind, in a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from spikelet.converters.tflite.draft import Draft, Value
from spikelet.converters.tflite.fields import supported
from spikelet.converters.tflite.file import Tensor, TfliteFile
from spikelet.converters.tflite.lower_conv import lower_conv, lower_depthwise, lower_fully_connected
from spikelet.converters.tflite.lower_elements import (
    lower_add,
    lower_leaky_relu,
    lower_logistic,
    lower_mul,
    lower_quantize,
    lower_relu,
    lower_tanh,
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
}
_CALIBRATE = "Give calibration data to quantise it here."
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
    return _Lowering(file, name).draft(labels)


class _Lowering:
    """One lowering: ports that are float in the file are quantised in the engine."""

    def __init__(self, file: TfliteFile, name: str) -> None:
        self._scope = Scope(file.subgraphs[0], name)
        self._variables = Variables(self._scope, file.subgraphs)
        #: Float tensors that are an input, by another shape perhaps; and the value of a float input.
        self._float_inputs = {i: i for i in self._scope.graph.inputs if self._tensor(i).kind == "FLOAT32"}
        self._ports: dict[int, int] = {}
        #: The value of each float tensor that DEQUANTIZE makes.
        self._float_values: dict[int, int] = {}
        special: Mapping[str, Callable[[], None]] = {
            "DEQUANTIZE": self._dequantize,
            "VAR_HANDLE": self._variables.handle,
            "CALL_ONCE": self._variables.call_once,
            "READ_VARIABLE": self._variables.read,
            "ASSIGN_VARIABLE": self._variables.assign,
        }
        self._special = special

    def draft(self, labels: Sequence[str]) -> Draft:
        """The whole network."""
        scope = self._scope
        for index in scope.graph.inputs:
            if index not in self._float_inputs:
                scope.value(self._tensor(index))
        for operator in scope.graph.operators:
            scope.operator = operator
            self._lower(operator.kind)
        self._variables.finish()
        self._inputs()
        self._outputs(tuple(labels))
        if not scope.draft.layers:
            scope.refuse("", "a network that computes nothing", "at least one layer")
        return scope.draft

    def _tensor(self, index: int) -> Tensor:
        return self._scope.graph.tensors[index]

    def _lower(self, kind: str) -> None:
        scope = self._scope
        if kind in self._special:
            self._special[kind]()
            return
        if kind not in _KINDS:
            scope.refuse("", "an operator that is not supported", supported())
        given = scope.input(0, optional=True)
        if given is not None and given.kind == "FLOAT32" and (kind == "QUANTIZE" or _KINDS[kind] is lower_reshape):
            self._float(kind, given)
        else:
            _KINDS[kind](scope)

    def _float(self, kind: str, given: Tensor) -> None:
        """QUANTIZE and RESHAPE of float tensors, which lie at the network's ends."""
        scope, output = self._scope, self._scope.output()
        if kind != "QUANTIZE":
            if output.size != given.size or output.kind != given.kind:
                scope.refuse_tensor(output, f"{output.kind} of {output.size} elements", f"{given.kind} of {given.size}")
            for known in (self._float_inputs, self._float_values):
                if given.index in known:
                    known[output.index] = known[given.index]
                    return
            scope.refuse_tensor(given, "FLOAT32 that is no input", "INT8 or INT16", _CALIBRATE)
        if given.index not in self._float_inputs:
            scope.refuse_tensor(given, "FLOAT32 that is no input", "INT8 or INT16", _CALIBRATE)
        scope.kinds(output, allowed=("INT8", "UINT8", "INT16"))
        scope.zero(output)
        self._quantised(self._tensor(self._float_inputs[given.index]), output)

    def _quantised(self, port: Tensor, output: Tensor) -> None:
        """Let an input be what QUANTIZE makes of it."""
        scope, like = self._scope, self._scope.described(output)
        if output.size != port.size:
            scope.refuse_tensor(output, f"{output.size} elements", f"the input's {port.size}")
        if port.index not in self._ports:
            same = port.shape == output.shape
            value = Value(
                name=port.name,
                shape=port.shape,
                type=like.type,
                zero_point=like.zero_point,
                scale=like.scale,
                tensor=output.index if same else -1,
            )
            self._ports[port.index] = scope.draft.add(value)
            if same:
                scope.values[output.index] = self._ports[port.index]
                return
        value = scope.draft.values[self._ports[port.index]]
        if (value.type, value.zero_point, value.scale) != (like.type, like.zero_point, like.scale):
            found = f"{like.type.name}, scale {like.scale:g}, zero point {like.zero_point}"
            wanted = f"{value.type.name}, {value.scale:g}, {value.zero_point}, as another QUANTIZE of this input"
            scope.refuse_tensor(output, found, wanted)
        scope.alias(output, self._ports[port.index])

    def _dequantize(self) -> None:
        scope, given, output = self._scope, self._scope.needed(0), self._scope.output()
        scope.kinds(output, allowed=("FLOAT32",))
        if given.kind == "FLOAT16":
            scope.refuse_tensor(given, "FLOAT16 weights", "INT8", _CALIBRATE)
        scope.kinds(given, allowed=("INT8", "UINT8", "INT16"))
        scope.zero(given)
        if output.size != given.size:
            scope.refuse_tensor(output, f"{output.size} elements", f"the input's {given.size}")
        self._float_values[output.index] = scope.value(given)

    def _inputs(self) -> None:
        scope = self._scope
        for index in scope.graph.inputs:
            tensor = self._tensor(index)
            if index in self._float_inputs:
                if index not in self._ports:
                    scope.refuse_tensor(tensor, "a FLOAT32 input", "one that QUANTIZE reads, or INT8", _CALIBRATE)
                port = GradedPort(name=tensor.name, tensor=self._ports[index], is_float=True)
            else:
                port = _port(tensor, scope.values[index])
            scope.draft.inputs.append(port)

    def _outputs(self, labels: tuple[str, ...]) -> None:
        scope, fitting = self._scope, 0
        for index in scope.graph.outputs:
            tensor = self._tensor(index)
            if tensor.kind == "FLOAT32":
                if index not in self._float_values:
                    scope.refuse_tensor(tensor, "a FLOAT32 output", "one that DEQUANTIZE makes, or INT8", _CALIBRATE)
                value = self._reshaped(self._float_values[index], tensor)
            else:
                value = self._written(scope.value(tensor))
            named = labels if tensor.shape and tensor.shape[-1] == len(labels) else ()
            fitting += bool(named)
            port = _port(tensor, value, labels=named)
            scope.draft.outputs.append(port)
        if labels and not fitting:
            shapes = ", ".join(str(list(self._tensor(i).shape)) for i in scope.graph.outputs)
            scope.refuse("labels", f"{len(labels)} names", f"as many as an output has classes: {shapes}")

    def _written(self, value: int) -> int:
        """A value that a port can be: of a constant, a copy."""
        draft, described = self._scope.draft, self._scope.draft.values[value]
        if described.constant is None:
            return value
        copy = draft.add(
            Value(
                name=described.name,
                shape=described.shape,
                type=described.type,
                zero_point=described.zero_point,
                scale=described.scale,
                tensor=described.tensor,
            )
        )
        steps = strides(described.shape)
        parameters = copy_parameters(self._scope, described.shape, (0, steps), (0, steps))
        self._scope.layer(LayerKind.COPY, (value,), copy, parameters)
        return copy

    def _reshaped(self, value: int, tensor: Tensor) -> int:
        """A value with the shape of a float output."""
        value = self._written(value)
        draft, described = self._scope.draft, self._scope.draft.values[value]
        if described.shape == tensor.shape:
            return value
        shaped = Value(
            name=tensor.name,
            shape=tensor.shape,
            type=described.type,
            zero_point=described.zero_point,
            scale=described.scale,
        )
        index = draft.add(shaped)
        draft.inside[index] = (value, 0)
        return index


def _port(tensor: Tensor, value: int, labels: tuple[str, ...] = ()) -> GradedPort:
    offset = _UNSIGNED if tensor.kind == "UINT8" else 0
    return GradedPort(name=tensor.name, tensor=value, is_float=tensor.kind == "FLOAT32", offset=offset, labels=labels)
