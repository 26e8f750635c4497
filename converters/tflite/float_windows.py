"""Operators of a float .tflite file that go over maps, and fully connected layers, in numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikelet.converters.tflite.float_call import Array, Call, activated

__all__ = ["average_pool", "convolution", "depthwise", "fully_connected", "max_pool", "patches"]

_Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Window:
    """How a kernel goes over a map: (vertical, horizontal) pairs."""

    kernel: _Pair
    stride: _Pair
    dilation: _Pair
    before: _Pair
    after: _Pair
    out: _Pair

    @classmethod
    def of(cls, call: Call, kernel: _Pair) -> _Window:
        """From an operator's options and the shapes of its maps."""
        stride = (call.option("stride_h", 1), call.option("stride_w", 1))
        dilation = (call.option("dilation_h_factor", 1), call.option("dilation_w_factor", 1))
        same = call.word("padding", "SAME") == "SAME"
        source, out = _maps(call).shape[1:3], call.output.shape[1:3]
        before, after = [0, 0], [0, 0]
        for axis in (0, 1):
            width = (kernel[axis] - 1) * dilation[axis] + 1
            missing = max((out[axis] - 1) * stride[axis] + width - source[axis], 0)
            most = -(-source[axis] // stride[axis]) if same else (source[axis] - width) // stride[axis] + 1
            if out[axis] != most:
                call.refuse("output shape", f"{call.output.shape}", f"{most} along axis {axis + 1}")
            before[axis], after[axis] = missing // 2, missing - missing // 2
        return cls(kernel, stride, dilation, (before[0], before[1]), (after[0], after[1]), (out[0], out[1]))

    def taps(self, maps: Array, outside: float) -> Array:
        """A view of what each output pixel sees, shape (n, out_y, out_x, kernel_y, kernel_x, channels)."""
        pads = ((0, 0), (self.before[0], self.after[0]), (self.before[1], self.after[1]), (0, 0))
        padded = np.pad(maps, pads, constant_values=outside) if any(map(any, pads)) else maps
        n, y, x, c = padded.strides
        shape = (len(maps), *self.out, *self.kernel, maps.shape[-1])
        strides = (n, y * self.stride[0], x * self.stride[1], y * self.dilation[0], x * self.dilation[1], c)
        return np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)


def _maps(call: Call) -> Array:
    """The input as maps of shape (samples * batch, height, width, channels)."""
    values = call.array(0)
    if values.ndim != 5 or len(call.output.shape) != 4:
        call.refuse("input shape", f"{values.shape[1:]}", "(batch, height, width, channels)")
    return values.reshape(-1, *values.shape[2:])


def patches(call: Call) -> Array:
    """What each output pixel of a layer with weights sees, shape (n, out_y, out_x, kernel_y, kernel_x, channels).

    Rows of a fully connected layer are pixels.
    """
    weight = call.array(1)
    if call.operator.kind == "FULLY_CONNECTED":
        return _rows(call)[:, :, None, None, None, :]
    return _Window.of(call, (weight.shape[-3], weight.shape[-2])).taps(_maps(call), 0.0)


def _rows(call: Call) -> Array:
    """The input of a fully connected layer, shape (samples, rows, inputs)."""
    values, width = call.array(0), call.array(1).shape[-1]
    if values[0].size % width:
        call.refuse("weights", f"{width} inputs for {values[0].size} values", "a divisor")
    if call.word("weights_format", "DEFAULT") != "DEFAULT":
        call.refuse("weights_format", call.word("weights_format", ""), "DEFAULT")
    return values.reshape(len(values), -1, width)


def fully_connected(call: Call) -> Array:
    """FULLY_CONNECTED."""
    return _biased(call, _rows(call) @ call.array(1)[0].T)


def convolution(call: Call) -> Array:
    """CONV_2D, of groups too."""
    weight, seen = call.array(1)[0], patches(call)
    out, channels = len(weight), weight.shape[-1]
    groups = seen.shape[-1] // channels
    if groups * channels != seen.shape[-1] or out % groups:
        call.refuse("weights", f"shape {weight.shape} for {seen.shape[-1]} channels", "a divisor as last axis")
    each, parts = out // groups, []
    for group in range(groups):
        rows = seen[..., group * channels : (group + 1) * channels].reshape(-1, weight[0].size)
        parts.append(rows @ weight[group * each : (group + 1) * each].reshape(each, -1).T)
    return _biased(call, np.concatenate(parts, axis=1) if groups > 1 else parts[0])


def depthwise(call: Call) -> Array:
    """DEPTHWISE_CONV_2D."""
    weight, seen = call.array(1)[0, 0], patches(call)
    channels, out = seen.shape[-1], weight.shape[-1]
    if out % channels:
        call.refuse("weights", f"{out} output channels for {channels} input channels", "a multiple")
    split = weight.reshape(*weight.shape[:2], channels, out // channels)
    total = np.zeros((*seen.shape[:3], *split.shape[2:]), seen.dtype)
    for y in range(weight.shape[0]):
        for x in range(weight.shape[1]):
            total += seen[:, :, :, y, x, :, None] * split[y, x]
    return _biased(call, total)


def _biased(call: Call, values: Array) -> Array:
    """Add the bias, activate, and give the output's shape."""
    if len(call.inputs) > 2 and call.inputs[2] is not None:
        values = values.reshape(-1, call.inputs[2].shape[-1]) + call.inputs[2][0]
    return activated(call, values.reshape(-1, *call.output.shape))


def average_pool(call: Call) -> Array:
    """AVERAGE_POOL_2D: the mean of what lies inside the map."""
    window = _Window.of(call, (call.option("filter_height", 1), call.option("filter_width", 1)))
    maps = _maps(call)
    total = window.taps(maps, 0.0).sum(axis=(3, 4))
    inside = window.taps(np.ones_like(maps[:1, :, :, :1]), 0.0).sum(axis=(3, 4))
    return activated(call, (total / inside).reshape(-1, *call.output.shape))


def max_pool(call: Call) -> Array:
    """MAX_POOL_2D."""
    window = _Window.of(call, (call.option("filter_height", 1), call.option("filter_width", 1)))
    largest = window.taps(_maps(call), -np.inf).max(axis=(3, 4))
    return activated(call, largest.reshape(-1, *call.output.shape))
