"""Whole .tflite networks layer by layer, with random weights and scales that fit: on top of tflite_builder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from support.tflite_builder import FileBuilder, GraphBuilder, Scales

__all__ = ["Network", "Value"]

_TOP = {"int8": 127, "int16": 32767}
#: Values that are spread evenly over a type are this part of its top from 0, in the root mean square.
_SPREAD = 0.45


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor that operators read: index, shape, type, scale, zero point."""

    index: int
    shape: tuple[int, ...]
    kind: str
    scale: float
    zero: int

    @property
    def quantisation(self) -> dict[str, Any]:
        """As tflite_builder takes it."""
        return {"scale": self.scale, "zero_point": self.zero}


def _extent(extent: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    if padding == "SAME":
        return -(-extent // stride)
    return (extent - (kernel - 1) * dilation - 1) // stride + 1


class Network:
    """Adds operators to the first subgraph of a file; each method gives the operator's output."""

    def __init__(self, seed: int, kind: str = "int8") -> None:
        self.file = FileBuilder()
        self.kind = kind
        self.rng = np.random.default_rng(seed)

    @property
    def graph(self) -> GraphBuilder:
        """Subgraph 0."""
        return self.file.main

    def input(self, shape: Sequence[int], *, scale: float = 0.02, zero: int = 0, kind: str = "") -> Value:
        """An input port."""
        kind = kind or self.kind
        scale = float(np.float32(scale))
        known = {} if kind == "float32" else {"scale": scale, "zero_point": zero}
        index = self.graph.input(tuple(shape), kind, name=f"in{len(self.graph.inputs)}", **known)
        return Value(index, tuple(shape), kind, scale, zero)

    def output(self, value: Value) -> None:
        """Make a value an output port."""
        self.graph.outputs.append(value.index)

    def value(self, shape: Sequence[int], scale: float, zero: int = 0, kind: str = "") -> Value:
        """A tensor that an operator will write."""
        kind = kind or self.kind
        scale = float(np.float32(scale))
        known = {} if kind == "float32" else {"scale": scale, "zero_point": zero}
        return Value(self.graph.tensor(tuple(shape), kind, **known), tuple(shape), kind, scale, zero)

    def constant(self, shape: Sequence[int], *, scale: float, zero: int = 0) -> Value:
        """Random values that stand in the file."""
        top = _TOP[self.kind]
        values = self.rng.integers(-top, top + 1, tuple(shape)).astype(self.kind)
        scale = float(np.float32(scale))
        index = self.graph.constant(values, scale=scale, zero_point=zero)
        return Value(index, tuple(shape), self.kind, scale, zero)

    def operator(self, kind: str, inputs: Sequence[Value | int], output: Value, **options: Any) -> Value:
        """Any operator."""
        indices = [value if isinstance(value, int) else value.index for value in inputs]
        self.graph.operator(kind, indices, [output.index], **options)
        return output

    def moved(self, kind: str, x: Value, shape: Sequence[int], *more: Value | int, **options: Any) -> Value:
        """An operator that moves values; its output has the input's scale."""
        return self.operator(kind, [x, *more], self.value(shape, x.scale, x.zero, x.kind), **options)

    def integers(self, values: Sequence[int] | Sequence[Sequence[int]]) -> int:
        """A constant of int32: axes, shapes, paddings."""
        return self.graph.constant(np.array(values, np.int32))

    def _weight_scales(self, taps: int, count: int) -> Any:
        """Scales with which sums of products are as large as the inputs."""
        spread = np.exp(self.rng.normal(0, 0.3, count))
        return (spread / (73 * math.sqrt(taps))).astype(np.float32)

    def convolution(
        self,
        x: Value,
        outputs: int,
        kernel: tuple[int, int],
        *,
        stride: tuple[int, int] = (1, 1),
        dilation: tuple[int, int] = (1, 1),
        padding: str = "SAME",
        groups: int = 1,
        activation: str = "NONE",
        zero: int = 0,
        per_channel: bool = True,
        odd_channels: bool = False,
    ) -> Value:
        """CONV_2D, or DEPTHWISE_CONV_2D where `groups` is -1."""
        depthwise = groups == -1
        inputs = x.shape[3]
        shape = (1, *kernel, outputs) if depthwise else (outputs, *kernel, inputs // groups)
        weights = self.rng.integers(-127, 128, shape).astype(np.int8)
        taps = math.prod(kernel) * (1 if depthwise else inputs // groups)
        scales = self._weight_scales(taps, outputs if per_channel else 1)
        out_scale = x.scale * 1.1
        wide = x.kind == "int16"
        bias = self.rng.normal(0, out_scale * _SPREAD * _TOP[x.kind] / 4, outputs) / x.scale / scales
        if odd_channels:
            # Dead channels, as training leaves them: a scale near 1e-30 and a bias near 2^31; shifts down to -31;
            # multipliers that become 0.
            for channel, real in ((0, 1e-30), (1, out_scale / x.scale * 2.0**-31), (2, out_scale / x.scale * 2.0**-33)):
                scales[channel] = np.float32(real)
                bias[channel] = (2**31 - 1 - channel) * (-1) ** channel
        w = self.graph.constant(weights, scales=Scales(scale=scales, axis=3 if depthwise else 0))
        b = self.graph.constant(
            np.rint(bias).astype(np.int64 if wide else np.int32), scales=Scales(scale=scales * np.float32(x.scale))
        )
        extents = [_extent(x.shape[1 + i], kernel[i], stride[i], dilation[i], padding) for i in (0, 1)]
        y = self.value((1, *extents, outputs), out_scale, zero, x.kind)
        options: dict[str, Any] = {"depth_multiplier": outputs // inputs} if depthwise else {}
        if wide and not depthwise:
            options["quantized_bias_type"] = "INT64"
        return self.operator(
            "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
            [x, w, b],
            y,
            padding=padding,
            stride_h=stride[0],
            stride_w=stride[1],
            dilation_h_factor=dilation[0],
            dilation_w_factor=dilation[1],
            fused_activation_function=activation,
            **options,
        )

    def dense(
        self,
        x: Value,
        outputs: int,
        *,
        activation: str = "NONE",
        zero: int = 0,
        per_channel: bool = True,
        bias: bool = True,
        keep_dims: bool = False,
    ) -> Value:
        """FULLY_CONNECTED over the last axis."""
        inputs = x.shape[-1]
        weights = self.rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        scales = self._weight_scales(inputs, outputs if per_channel else 1)
        out_scale = x.scale * 1.1
        wide = x.kind == "int16"
        w = self.graph.constant(weights, scales=Scales(scale=scales))
        b = -1
        if bias:
            values = self.rng.normal(0, out_scale * _SPREAD * _TOP[x.kind] / 4, outputs) / x.scale / scales
            b = self.graph.constant(
                np.rint(values).astype(np.int64 if wide else np.int32),
                scales=Scales(scale=scales * np.float32(x.scale)),
            )
        shape = (*x.shape[:-1], outputs) if keep_dims else (math.prod(x.shape[:-1]), outputs)
        options: dict[str, Any] = {"keep_num_dims": keep_dims}
        if wide:
            options["quantized_bias_type"] = "INT64"
        y = self.value(shape, out_scale, zero, x.kind)
        return self.operator("FULLY_CONNECTED", [x, w, b], y, fused_activation_function=activation, **options)

    def pool(
        self,
        x: Value,
        kernel: tuple[int, int],
        *,
        average: bool,
        stride: tuple[int, int] = (1, 1),
        padding: str = "VALID",
        activation: str = "NONE",
    ) -> Value:
        """AVERAGE_POOL_2D or MAX_POOL_2D."""
        extents = [_extent(x.shape[1 + i], kernel[i], stride[i], 1, padding) for i in (0, 1)]
        y = self.value((1, *extents, x.shape[3]), x.scale, x.zero, x.kind)
        return self.operator(
            "AVERAGE_POOL_2D" if average else "MAX_POOL_2D",
            [x],
            y,
            padding=padding,
            stride_h=stride[0],
            stride_w=stride[1],
            filter_height=kernel[0],
            filter_width=kernel[1],
            fused_activation_function=activation,
        )

    def add(self, a: Value, b: Value, *, zero: int = 0, activation: str = "NONE") -> Value:
        """ADD, with broadcasting."""
        y = self.value(np.broadcast_shapes(a.shape, b.shape), math.hypot(a.scale, b.scale), zero, a.kind)
        return self.operator("ADD", [a, b], y, fused_activation_function=activation, pot_scale_int16=False)

    def multiply(self, a: Value, b: Value, *, zero: int = 0, activation: str = "NONE") -> Value:
        """MUL, with broadcasting."""
        scale = a.scale * b.scale * _SPREAD * _TOP[a.kind]
        y = self.value(np.broadcast_shapes(a.shape, b.shape), scale, zero, a.kind)
        return self.operator("MUL", [a, b], y, fused_activation_function=activation)

    def mean(self, x: Value, axes: Sequence[int], *, keep_dims: bool, scale: float, zero: int = 0) -> Value:
        """MEAN."""
        gone = {axis % len(x.shape) for axis in axes}
        kept = [1 if i in gone else extent for i, extent in enumerate(x.shape) if keep_dims or i not in gone]
        y = self.value(kept, x.scale * scale, zero, x.kind)
        return self.operator("MEAN", [x, self.integers(list(axes))], y, keep_dims=keep_dims)

    def concatenate(self, values: Sequence[Value], axis: int) -> Value:
        """CONCATENATION of values with one scale."""
        shape = list(values[0].shape)
        shape[axis] = sum(value.shape[axis] for value in values)
        y = self.value(shape, values[0].scale, values[0].zero, values[0].kind)
        return self.operator("CONCATENATION", values, y, axis=axis)

    def slice(self, x: Value, pieces: Sequence[slice | int], **masks: int) -> Value:
        """STRIDED_SLICE as numpy writes it; whole numbers take an axis away. `masks` are set beside."""
        begins, ends, strides, shape = [], [], [], []
        begin_mask = end_mask = shrink_mask = 0
        for axis, piece in enumerate(pieces):
            if isinstance(piece, int):
                shrink_mask |= 1 << axis
                begins.append(piece)
                ends.append(piece + 1)
                strides.append(1)
                continue
            begin_mask |= (piece.start is None) << axis
            end_mask |= (piece.stop is None) << axis
            begins.append(piece.start or 0)
            ends.append(piece.stop or 0)
            strides.append(piece.step or 1)
            shape.append(len(range(*piece.indices(x.shape[axis]))))
        options = {"begin_mask": begin_mask, "end_mask": end_mask, "shrink_axis_mask": shrink_mask} | masks
        lists = [self.integers(numbers) for numbers in (begins, ends, strides)]
        return self.moved("STRIDED_SLICE", x, [*shape, *x.shape[len(pieces) :]], *lists, **options)

    def pad(self, x: Value, amounts: Sequence[tuple[int, int]]) -> Value:
        """PAD with zeros."""
        shape = [extent + before + after for extent, (before, after) in zip(x.shape, amounts, strict=True)]
        return self.moved("PAD", x, shape, self.integers([list(pair) for pair in amounts]))

    def reshape(self, x: Value, shape: Sequence[int]) -> Value:
        """RESHAPE."""
        return self.moved("RESHAPE", x, shape, self.integers(list(shape)), new_shape=list(shape))

    def rescaled(self, kind: str, x: Value, scale: float, zero: int = 0, to: str = "", **options: Any) -> Value:
        """QUANTIZE, RELU and their like: the same shape with another scale."""
        return self.operator(kind, [x], self.value(x.shape, scale, zero, to or x.kind), **options)

    def softmax(self, x: Value, beta: float = 1.0) -> Value:
        """SOFTMAX."""
        scale, zero = (1 / 256, -128) if x.kind == "int8" else (1 / 32768, 0)
        return self.operator("SOFTMAX", [x], self.value(x.shape, scale, zero, x.kind), beta=beta)
