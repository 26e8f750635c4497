"""What the spiking form reads from a file: operators with their options, and constants as real numbers."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from spikelet.converters.nodes import FloatArray, Shape
from spikelet.converters.tflite.file import Operator, Subgraph, Tensor, TfliteFile
from spikelet.errors import ConvertError

__all__ = ["DAMAGED", "Reading", "planar"]

#: Weights below this part of their layer's largest are 0: dead channels have scales near 1e-30.
_DEAD = 1e-12
_LIMITS = {"INT8": 127, "INT16": 32767, "UINT8": 255}
#: What a frame's number, 0 to 255, is above the file's.
_ABOVE = {"INT8": 128, "UINT8": 0}
#: Largest weight or bias, scale of an input, and its inverse.
_LARGEST = 1e15
#: Largest stride or window.
_MAX_OPTION = 65535
DAMAGED = "The file is damaged: export it again."
_GRADED = "Convert without spikes: the graded form runs it, with the interpreter's results."


class Reading:
    """The network of a file."""

    def __init__(self, file: TfliteFile) -> None:
        self.graph: Subgraph = file.subgraphs[0]
        if len(self.graph.inputs) != 1 or len(self.graph.outputs) != 1:
            raise ConvertError(
                "network",
                "ports",
                found=f"{len(self.graph.inputs)} inputs and {len(self.graph.outputs)} outputs",
                allowed="one of each for a spiking network",
                hint="Convert without spikes: the graded form takes several.",
            )

    def refuse(self, operator: Operator, field: str, found: str, allowed: str, hint: str = _GRADED) -> NoReturn:
        """An error about an operator."""
        name = self.graph.tensors[operator.outputs[0]].name[:60] if operator.outputs else "nothing"
        raise ConvertError(
            f"operator {operator.index} {operator.kind} writing {name}", field, found=found, allowed=allowed, hint=hint
        )

    def option(self, operator: Operator, name: str) -> int:
        """A whole number above 0: a stride, or the size of a window."""
        value = operator.options.get(name)
        if not isinstance(value, int) or not 1 <= value <= _MAX_OPTION:
            self.refuse(operator, name, repr(value), f"1 .. {_MAX_OPTION}", DAMAGED)
        return value

    def written(self, operator: Operator) -> Tensor:
        """The tensor that an operator writes."""
        return self.graph.tensors[operator.outputs[0]]

    def axes(self, tensor: Tensor) -> Shape:
        """A tensor's shape as (channels, height, width) or (n,), without the batch.

        Raises:
            ConvertError: there is a batch of several, or there are too many axes.
        """
        batch, *rest = tensor.shape or (0,)
        if len(tensor.shape) == 1:
            return tensor.shape
        if batch != 1 or not 1 <= len(rest) <= 3 or 0 in rest:
            raise ConvertError(
                f"tensor {tensor.index} ({tensor.name[:60]})",
                "shape",
                found=str(tensor.shape),
                allowed="a batch of 1 with a vector, or a map of up to 3 axes",
                hint="Export the network for one sample at a time.",
            )
        *spatial, channels = rest
        if not spatial:
            return (channels,)
        height, width = (1, *spatial)[-2:]
        return (channels, height, width)

    def constant(self, operator: Operator, place: int) -> FloatArray:
        """The real numbers of a constant input.

        Raises:
            ConvertError: it is computed, or whole numbers without a scale.
        """
        index = operator.inputs[place]
        tensor = self.graph.tensors[index]
        if index < 0 or tensor.data is None:
            self.refuse(operator, "inputs", f"tensor {index}, which is computed or left out", "constant weights")
        values = np.array(tensor.data, np.float64)
        known = tensor.quantisation
        if known is None:
            if tensor.data.dtype.kind != "f":
                self.refuse(
                    operator,
                    "quantization",
                    f"tensor {tensor.index} of {tensor.kind} without a scale",
                    "a scale",
                    "Export the file with full integer quantisation.",
                )
            return self._finite(operator, tensor, values)
        shape = [-1 if axis == known.axis and len(known.scale) > 1 else 1 for axis in range(values.ndim)]
        scale, zero = (array.astype(np.float64).reshape(shape) for array in (known.scale, known.zero_point))
        return self._finite(operator, tensor, scale * (values - zero))

    def _finite(self, operator: Operator, tensor: Tensor, values: FloatArray) -> FloatArray:
        if not np.all(np.abs(values) < _LARGEST):
            largest = f"tensor {tensor.index} with {np.max(np.abs(values)):g}"
            self.refuse(operator, "inputs", largest, f"numbers up to {_LARGEST:g}", DAMAGED)
        return values

    def weights(self, operator: Operator, axes: int) -> FloatArray:
        """The second input, without dust."""
        values = self.constant(operator, 1)
        if values.ndim != axes:
            self.refuse(operator, "inputs", f"weights of shape {values.shape}", f"{axes} axes", DAMAGED)
        values[np.abs(values) < _DEAD * np.max(np.abs(values), initial=0.0)] = 0.0
        return values

    def bias(self, operator: Operator, outputs: int) -> FloatArray | None:
        """The third input, where there is one; one number for each output."""
        if len(operator.inputs) < 3 or operator.inputs[2] < 0:
            return None
        values = self.constant(operator, 2).reshape(-1)
        if len(values) != outputs:
            self.refuse(operator, "inputs", f"{len(values)} biases", f"{outputs}", DAMAGED)
        return values

    def ceiling(self, operator: Operator) -> float:
        """The largest number that the tensor which an operator writes can hold."""
        tensor = self.written(operator)
        known = tensor.quantisation
        if known is None or tensor.kind not in _LIMITS:
            return float("inf")
        most = float(known.scale[0]) * (_LIMITS[tensor.kind] - int(known.zero_point[0]))
        if most * _LARGEST <= 1:
            self.refuse(operator, "quantization", f"values up to {most:g}", "a tensor with room above 0", DAMAGED)
        return most

    def pixels(self, scale: float | None, zero: int | None) -> tuple[float, int]:
        """What a frame's numbers mean: scale (number - zero).

        Raises:
            ConvertError: the file does not say, nor does the caller; or both do.
        """
        tensor = self.graph.tensors[self.graph.inputs[0]]
        readers = [operator for operator in self.graph.operators if tensor.index in operator.inputs]
        if tensor.quantisation is None and readers and all(operator.kind == "QUANTIZE" for operator in readers):
            tensor = self.written(readers[0])
        known = tensor.quantisation
        if known is not None and tensor.kind in _ABOVE and scale is None and zero is None:
            own, above = float(known.scale[0]), int(known.zero_point[0]) + _ABOVE[tensor.kind]
            if 1 / _LARGEST < own < _LARGEST and 0 <= above <= 255:
                return own, above
        if known is None and scale is not None and 1 / _LARGEST < scale < _LARGEST and 0 <= (zero or 0) <= 255:
            return scale, zero or 0
        raise ConvertError(
            f"tensor {tensor.index} ({tensor.name[:60]})",
            "input_scale",
            found=(
                f"{scale} and zero {zero} for an input of {tensor.kind} with"
                f" {'no scale' if known is None else f'scale {known.scale[0]:g} and zero point {known.zero_point[0]}'}"
            ),
            allowed="for int8 and uint8 what the file says; for float32 a scale above 0 and a zero of 0 to 255",
            hint="Leave input_scale= out for quantised files; 1/255 means pixels of 0 to 1.",
        )


def planar(values: FloatArray, shape: Shape) -> FloatArray:
    """Flat numbers in the file's order, channels last, in C order of (channels, height, width)."""
    flat = values.reshape(-1)
    if len(shape) == 1:
        return flat
    channels, height, width = shape
    moved: FloatArray = flat.reshape(height * width, channels).T.reshape(-1)
    return moved
