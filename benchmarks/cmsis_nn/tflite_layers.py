"""Convolutions, depthwise and fully connected layers of an int8 .tflite file, as kernels take them.

Read with the schema's own package, beside the converter and without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.cmsis_nn.layers import Layer

__all__ = ["FileLayer", "read"]

#: A fully connected layer of fewer outputs is a dot product of rows.
DOT_BELOW = 16
_RELU, _RELU6 = 1, 3


@dataclass(frozen=True, kw_only=True)
class FileLayer:
    """A layer of a file.

    `layer` is what spikelet runs; `classic` has multiplier and shift of each output for a kernel that requantises
    with words (of fully connected layers too), shape (channels, 2). `weights` are as in the file. `input` and
    `output` are indices of tensors, `index` is that of the operator.
    """

    index: int
    layer: Layer
    classic: npt.NDArray[np.int64]
    weights: npt.NDArray[np.int8]
    input: int
    output: int


def read(path: Path) -> list[FileLayer]:
    """All convolutions, depthwise and fully connected layers of int8 of a file, in order.

    Raises:
        ValueError: not a .tflite file. One is believed what it says: check others with `spikelet check`.
    """
    import tflite

    data = path.read_bytes()
    if data[4:8] != b"TFL3":
        raise ValueError(f"{path} is no .tflite file: it does not have the mark TFL3")
    model = tflite.Model.GetRootAs(data, 0)
    graph = model.Subgraphs(0)
    found = []
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        code = model.OperatorCodes(operator.OpcodeIndex())
        kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        made = {3: _conv, 4: _depthwise, 9: _dense}.get(kind)
        if made is not None:
            found.append(made(_Operator(model, graph, operator, index)))
    return found


class _Operator:
    """An operator with its tensors."""

    def __init__(self, model: Any, graph: Any, operator: Any, index: int) -> None:
        self._model, self._graph, self._operator = model, graph, operator
        self.index = index
        self.input, self.output = operator.Inputs(0), operator.Outputs(0)
        self.weights = self._array(operator.Inputs(1), np.int8)
        has_bias = operator.InputsLength() > 2 and operator.Inputs(2) >= 0
        self._bias = self._array(operator.Inputs(2), np.int32) if has_bias else None

    def _array(self, index: int, dtype: type[np.generic]) -> npt.NDArray[Any]:
        tensor = self._graph.Tensors(index)
        return np.frombuffer(self._model.Buffers(tensor.Buffer()).DataAsNumpy().tobytes(), dtype).reshape(
            tensor.ShapeAsNumpy()
        )

    def options(self, kind: str) -> Any:
        """The operator's own table."""
        import tflite

        table = self._operator.BuiltinOptions()
        made = getattr(tflite, kind)()
        made.Init(table.Bytes, table.Pos)
        return made

    def shape(self, index: int) -> list[int]:
        """Of a tensor."""
        return [int(size) for size in self._graph.Tensors(index).ShapeAsNumpy()]

    def scale(self, index: int) -> tuple[npt.NDArray[np.float32], int]:
        """Scales and zero point of a tensor."""
        found = self._graph.Tensors(index).Quantization()
        return found.ScaleAsNumpy(), int(found.ZeroPointAsNumpy()[0])

    def common(self, activation: int) -> dict[str, int]:
        """Zero points and clamps."""
        scale, zero = self.scale(self.output)
        high = zero + round(6 / float(scale[0])) if activation == _RELU6 else 127
        low = max(zero, -128) if activation in {_RELU, _RELU6} else -128
        return {"in_zero": self.scale(self.input)[1], "out_zero": zero, "act_min": low, "act_max": min(high, 127)}

    def real(self, channels: int) -> list[float]:
        """The real multiplier of each output channel."""
        weights = np.broadcast_to(self.scale(self._operator.Inputs(1))[0], channels)
        scale_in, scale_out = (float(self.scale(i)[0][0]) for i in (self.input, self.output))
        return [scale_in * float(w) / scale_out for w in weights]

    def real_dense(self, channels: int) -> list[float]:
        """The same of a fully connected layer: the first product is one of floats."""
        weights = np.broadcast_to(self.scale(self._operator.Inputs(1))[0], channels)
        scale_in, scale_out = (self.scale(i)[0][0] for i in (self.input, self.output))
        return [float(np.float32(scale_in * w)) / float(scale_out) for w in weights]

    def bias(self, channels: int) -> npt.NDArray[np.int64]:
        """Of each output channel."""
        return np.zeros(channels, np.int64) if self._bias is None else self._bias.astype(np.int64)

    def made(self, layer: Layer, classic: npt.NDArray[np.int64]) -> FileLayer:
        """The layer with what the file tells of it."""
        return FileLayer(
            index=self.index,
            layer=layer,
            classic=classic,
            weights=self.weights,
            input=self.input,
            output=self.output,
        )


def _classic(real: float) -> tuple[int, int]:
    """Multiplier and shift as TensorFlow Lite makes them of a real multiplier."""
    mantissa, shift = math.frexp(real)
    multiplier = math.floor(mantissa * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def _classics(reals: list[float]) -> npt.NDArray[np.int64]:
    return np.array([_classic(real) for real in reals], np.int64)


def _scaled(real: float) -> tuple[int, int]:
    """The real multiplier with 62 bits, and a shift: graded.md 1.6."""
    mantissa, shift = math.frexp(real)
    return int(mantissa * 2**53) << 8, 61 - shift


def _padding(size: int, out: int, kernel: int, stride: int, dilation: int) -> int:
    """What lies before an axis with the padding SAME."""
    reach = (out - 1) * stride + (kernel - 1) * dilation + 1
    return max(reach - size, 0) // 2


def _map(op: _Operator, options: Any, kernel: tuple[int, int], groups: int) -> dict[str, int]:
    """Parameters of a convolution."""
    _, height, width, channels = op.shape(op.input)
    _, out_height, out_width, out_channels = op.shape(op.output)
    stride, dilation = (options.StrideH(), options.StrideW()), (options.DilationHFactor(), options.DilationWFactor())
    same = options.Padding() == 0
    sizes: Mapping[str, int] = {"in_height": height, "in_width": width, "in_channels": channels}
    return {
        **sizes,
        **{"out_height": out_height, "out_width": out_width, "out_channels": out_channels},
        **{"kernel_y": kernel[0], "kernel_x": kernel[1], "stride_y": stride[0], "stride_x": stride[1]},
        **{"dilation_y": dilation[0], "dilation_x": dilation[1]},
        "pad_y": same * _padding(height, out_height, kernel[0], stride[0], dilation[0]),
        "pad_x": same * _padding(width, out_width, kernel[1], stride[1], dilation[1]),
        "groups": groups,
        "bits": 8,
        **op.common(options.FusedActivationFunction()),
    }


def _conv(op: _Operator) -> FileLayer:
    out_channels, *kernel, per_group = op.weights.shape
    groups = op.shape(op.input)[3] // per_group
    parameters = _map(op, op.options("Conv2DOptions"), (kernel[0], kernel[1]), groups)
    classic = _classics(op.real(out_channels))
    table = np.column_stack([op.bias(out_channels), classic])
    name = "pointwise" if kernel == [1, 1] else f"{kernel[0]}x{kernel[1]} convolution"
    weights = op.weights.astype(np.int64)
    return op.made(Layer(kind="conv", parameters=parameters, weights=weights, channels=table, name=name), classic)


def _depthwise(op: _Operator) -> FileLayer:
    _, *kernel, channels = op.weights.shape
    options = op.options("DepthwiseConv2DOptions")
    parameters = _map(op, options, (kernel[0], kernel[1]), op.shape(op.input)[3])
    classic = _classics(op.real(channels))
    table = np.column_stack([op.bias(channels), classic])
    name = f"{kernel[0]}x{kernel[1]} depthwise"
    weights = op.weights[0].astype(np.int64)
    return op.made(Layer(kind="depthwise", parameters=parameters, weights=weights, channels=table, name=name), classic)


def _dense(op: _Operator) -> FileLayer:
    outputs, inputs = op.weights.shape
    options = op.options("FullyConnectedOptions")
    rows = int(np.prod(op.shape(op.input))) // inputs
    parameters = {"rows": rows, "inputs": inputs, "outputs": outputs, "bits": 8}
    parameters |= op.common(options.FusedActivationFunction())
    reals = op.real_dense(outputs)
    scaled = np.array([_scaled(real) for real in reals], np.int64)
    table = np.column_stack([op.bias(outputs), scaled])
    kind = "dot" if outputs < DOT_BELOW else "dense"
    weights = op.weights.astype(np.int64)
    layer = Layer(kind=kind, parameters=parameters, weights=weights, channels=table, name="fully connected")
    return op.made(layer, _classics(reals))
