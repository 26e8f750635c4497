"""What each operator of a float .tflite file computes, in numpy, for many samples at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from spikelet.converters.tflite.float_call import Array, Call, activated
from spikelet.converters.tflite.float_windows import average_pool, convolution, depthwise, fully_connected, max_pool

__all__ = ["KERNELS"]

_BITS = {"INT8": 8, "INT16": 16}


def _pair(call: Call) -> tuple[Array, Array]:
    """Both inputs with as many axes as the output has."""
    rank = len(call.output.shape) + 1
    a, b = (v.reshape(len(v), *(1,) * (rank - v.ndim), *v.shape[1:]) for v in (call.array(0), call.array(1)))
    return a, b


def _add(call: Call) -> Array:
    a, b = _pair(call)
    return activated(call, a + b)


def _mul(call: Call) -> Array:
    a, b = _pair(call)
    return activated(call, a * b)


def _pad(call: Call) -> Array:
    return np.pad(call.array(0), ((0, 0), *map(tuple, call.numbers(1).tolist())))


def _concatenation(call: Call) -> Array:
    axis = call.option("axis") % len(call.output.shape)
    values = [call.array(i) for i in range(len(call.inputs))]
    samples = max(map(len, values))
    return activated(call, np.concatenate([np.broadcast_to(v, (samples, *v.shape[1:])) for v in values], axis + 1))


def _reshape(call: Call) -> Array:
    values = call.array(0)
    if values[0].size != call.output.size:
        hint = "Export the model with fixed shapes and a batch of 1."
        call.refuse("output shape", f"{call.output.shape} for {values[0].size} values", "as many values", hint)
    return values.reshape(len(values), *call.output.shape)


def _strided_slice(call: Call) -> Array:
    for name in ("ellipsis_mask", "new_axis_mask", "offset"):
        if call.option(name):
            call.refuse(name, str(call.option(name)), "0", "Write the slice with plain begin and end.")
    begin, end, strides = (call.numbers(i).tolist() for i in (1, 2, 3))
    chosen: list[slice | int] = [slice(None)]
    for axis, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << axis
        if call.option("shrink_axis_mask") & bit:
            chosen.append(first)
            continue
        low = None if call.option("begin_mask") & bit else first
        chosen.append(slice(low, None if call.option("end_mask") & bit else last, step))
    found: Array = call.array(0)[tuple(chosen)]
    return found.reshape(len(found), *call.output.shape)


def _mean(call: Call) -> Array:
    rank = call.array(0).ndim - 1
    axes = tuple({axis % rank + 1 for axis in call.numbers(1).reshape(-1).tolist()})
    result: Array = call.array(0).mean(axis=axes).reshape(-1, *call.output.shape)
    return result


def _softmax(call: Call) -> Array:
    scaled = call.array(0) * call.real("beta", 1.0)
    raised = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    result: Array = raised / raised.sum(axis=-1, keepdims=True)
    return result


def _logistic(call: Call) -> Array:
    values = call.array(0)
    small = np.exp(-np.abs(values))
    result: Array = np.where(values >= 0, 1, small) / (1 + small)
    return result


def _tanh(call: Call) -> Array:
    result: Array = np.tanh(call.array(0))
    return result


def _relu(call: Call) -> Array:
    return np.maximum(call.array(0), 0)


def _relu6(call: Call) -> Array:
    return np.clip(call.array(0), 0, 6)


def _leaky_relu(call: Call) -> Array:
    values = call.array(0)
    return np.where(values > 0, values, values * values.dtype.type(call.real("alpha", 0.0)))


def _quantize(call: Call) -> Array:
    """To whole numbers, kept as floats; between two float tensors nothing changes."""
    if call.output.kind == "FLOAT32":
        return call.array(0)
    given, bits = call.output.quantisation, _BITS.get(call.output.kind)
    if given is None or bits is None:
        call.refuse("quantisation", f"{call.output.kind} without a scale", "INT8 or INT16 with a scale")
    steps = call.array(0) / given.scale[0]
    rounded = np.copysign(np.floor(np.abs(steps) + 0.5), steps) + given.zero_point[0]
    result: Array = np.clip(rounded, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return result


def _dequantize(call: Call) -> Array:
    """To real numbers; of float16 they are already."""
    tensor, values = call.tensors[0], call.array(0)
    if tensor is None or tensor.quantisation is None or tensor.kind in {"FLOAT16", "FLOAT32"}:
        return values
    given = tensor.quantisation
    shape = [1] * len(tensor.shape)
    if len(given.scale) > 1:
        shape[given.axis] = -1
    result: Array = (values - given.zero_point.reshape(shape)) * given.scale.reshape(shape)
    return result


#: The operators that compute; those of variables are the runner's.
KERNELS: Mapping[str, Callable[[Call], Array]] = {
    "ADD": _add,
    "AVERAGE_POOL_2D": average_pool,
    "CONCATENATION": _concatenation,
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": depthwise,
    "DEQUANTIZE": _dequantize,
    "EXPAND_DIMS": _reshape,
    "FULLY_CONNECTED": fully_connected,
    "LEAKY_RELU": _leaky_relu,
    "LOGISTIC": _logistic,
    "MAX_POOL_2D": max_pool,
    "MEAN": _mean,
    "MUL": _mul,
    "PAD": _pad,
    "QUANTIZE": _quantize,
    "RELU": _relu,
    "RELU6": _relu6,
    "RESHAPE": _reshape,
    "SOFTMAX": _softmax,
    "SQUEEZE": _reshape,
    "STRIDED_SLICE": _strided_slice,
    "TANH": _tanh,
}
