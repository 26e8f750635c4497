"""Convolutions and fully connected layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelet.converters.tflite.channels import channel_table, clamp_of, dense_table, sum_bits_of
from spikelet.converters.tflite.file import Tensor
from spikelet.converters.tflite.scope import Scope
from spikelet.graded.model import LayerKind
from spikelet.graded.packing import BITS, pack_conv, pack_rows, pack_signed

__all__ = ["STEP_MAX", "lower_conv", "lower_depthwise", "lower_fully_connected", "window"]

#: Kernels, strides and dilations.
STEP_MAX = 255
#: Fully connected layers of fewer outputs and 8 bits have rows by output: blocks of rows by input would be half empty.
_DOT_BELOW = 16


def window(scope: Scope, tensor: Tensor, axis: int, kernel: int, *, dilated: bool) -> dict[str, int]:
    """Kernel, stride, dilation, padding and output size along an axis (0: y, 1: x) of a map.

    Args:
        scope: at the operator.
        tensor: the map.
        axis: which one.
        kernel: taps along the axis.
        dilated: whether the operator has dilations.
    """
    name, extent = ("y", "height") if axis == 0 else ("x", "width")
    letter = "h" if axis == 0 else "w"
    size, before, behind = tensor.shape[1 + axis], 0, 0
    if tensor.index in scope.padded:
        source, *pads = scope.padded[tensor.index]
        size = scope.graph.tensors[source].shape[1 + axis]
        before, behind = pads[axis]
    stride = int(scope.option(f"stride_{letter}"))
    dilation = int(scope.option(f"dilation_{letter}_factor")) if dilated else 1
    for what, value in ((f"stride_{letter}", stride), (f"dilation_{letter}", dilation), (f"kernel_{name}", kernel)):
        if not 1 <= value <= STEP_MAX:
            scope.refuse(what, str(value), f"1 .. {STEP_MAX}")
    reach, full = (kernel - 1) * dilation, before + size + behind
    if scope.option("padding") == "SAME":
        out = -(-full // stride)
        before += max((out - 1) * stride + reach + 1 - full, 0) // 2
    else:
        out = (full - reach - 1) // stride + 1
    if out < 1:
        scope.refuse_tensor(tensor, f"{extent} {full}", f"at least {reach + 1} for a kernel of {kernel}")
    found = {
        f"in_{extent}": size,
        f"out_{extent}": out,
        f"kernel_{name}": kernel,
        f"stride_{name}": stride,
        f"pad_{name}": before,
    }
    return {**found, f"dilation_{name}": dilation} if dilated else found


def lower_conv(scope: Scope) -> None:
    """CONV_2D, of groups too."""
    given, filters, output = scope.needed(0), scope.needed(1), scope.output()
    kind = scope.kinds(given, output)
    weights = _weights(scope, filters)
    channels = scope.map_of(given)[2]
    outputs, kernel_y, kernel_x, each = weights.shape
    if channels % each or outputs % (channels // each):
        scope.refuse_tensor(filters, f"shape {list(filters.shape)}", f"groups that divide {channels} channels")
    p = _convolution(scope, given, kernel_y, kernel_x)
    scope.sizes(filters, outputs)
    scope.shaped(output, (1, p["out_height"], p["out_width"], outputs))
    p |= {"in_channels": channels, "out_channels": outputs, "groups": channels // each, **_zeros(scope, given, output)}
    if kind == "INT8":
        p["bits"] = _bits(scope, filters)
        packed = pack_conv(weights, groups=p["groups"], bits=p["bits"])
        _emit(scope, LayerKind.CONV_S8, p, packed, axis=0)
    else:
        _emit(scope, LayerKind.CONV_S16, p, pack_signed(weights), axis=0)


def lower_depthwise(scope: Scope) -> None:
    """DEPTHWISE_CONV_2D."""
    given, filters, output = scope.needed(0), scope.needed(1), scope.output()
    kind = scope.kinds(given, output)
    weights = _weights(scope, filters)
    channels = scope.map_of(given)[2]
    first, kernel_y, kernel_x, outputs = weights.shape
    if first != 1 or outputs % channels:
        found = f"shape {list(filters.shape)}"
        scope.refuse_tensor(filters, found, f"[1, height, width, a multiple of {channels}]")
    p = _convolution(scope, given, kernel_y, kernel_x)
    scope.sizes(filters, outputs)
    scope.shaped(output, (1, p["out_height"], p["out_width"], outputs))
    p |= {"in_channels": channels, "out_channels": outputs, "groups": channels, **_zeros(scope, given, output)}
    chosen = LayerKind.DEPTHWISE_S8 if kind == "INT8" else LayerKind.DEPTHWISE_S16
    _emit(scope, chosen, p, pack_signed(weights), axis=3)


def lower_fully_connected(scope: Scope) -> None:
    """FULLY_CONNECTED."""
    given, filters, output = scope.needed(0), scope.needed(1), scope.output()
    kind = scope.kinds(given, output)
    if scope.option("weights_format") != "DEFAULT":
        scope.refuse("weights_format", scope.option("weights_format"), "DEFAULT")
    weights = scope.constant(filters, "INT8")
    if weights.ndim != 2 or 0 in weights.shape or given.size % weights.shape[1]:
        found = f"shape {list(filters.shape)} for an input of {given.size} elements"
        scope.refuse_tensor(filters, found, "[outputs, inputs], inputs that divide the elements")
    outputs, inputs = weights.shape
    rows = given.size // inputs
    if output.size != rows * outputs:
        scope.refuse_tensor(output, f"shape {list(output.shape)}", f"{rows} rows of {outputs} outputs")
    scope.sizes(filters, outputs, inputs, rows)
    clamp = clamp_of(scope, output)
    p = {"rows": rows, "inputs": inputs, "outputs": outputs, **_zeros(scope, given, output), **clamp}
    table = dense_table(scope, (given, filters, output), scope.input(2, optional=True), weights, clamp)
    arrays: dict[str, Any] = {"table": table}
    if kind == "INT16":
        scope.layer(LayerKind.DENSE_S16, (given,), output, p, **arrays, weights=pack_signed(weights))
    elif outputs < _DOT_BELOW and _bits(scope, filters) == 8:
        scope.layer(LayerKind.DOT_S8, (given,), output, p, **arrays, weights=pack_rows(weights))
    else:
        bits = _bits(scope, filters)
        packed = pack_conv(weights.reshape(outputs, 1, 1, inputs), bits=bits)
        scope.layer(LayerKind.DENSE_S8, (given,), output, {**p, "bits": bits}, **arrays, weights=packed)


def _weights(scope: Scope, filters: Tensor) -> np.ndarray[Any, np.dtype[np.int8]]:
    weights = scope.constant(filters, "INT8")
    if weights.ndim != 4 or 0 in weights.shape:
        scope.refuse_tensor(filters, f"shape {list(filters.shape)}", "4 sizes above 0")
    return weights


def _bits(scope: Scope, filters: Tensor) -> int:
    """Bits that weights are stored with: fewer than 8 where they were quantised here."""
    bits = scope.quantisation(filters).bits
    assert filters.data is not None
    if bits not in BITS or filters.data.min() < -(2 ** (bits - 1)) or filters.data.max() >= 2 ** (bits - 1):
        scope.refuse_tensor(filters, f"{bits} bits", "8, 4 or 2, with weights that have room in them")
    return bits


def _convolution(scope: Scope, given: Tensor, kernel_y: int, kernel_x: int) -> dict[str, int]:
    return {
        **window(scope, given, 0, kernel_y, dilated=True),
        **window(scope, given, 1, kernel_x, dilated=True),
    }


def _zeros(scope: Scope, given: Tensor, output: Tensor) -> dict[str, int]:
    zeros = {"in_zero": scope.zero(given), "out_zero": scope.zero(output)}
    if given.kind == "INT16" and any(zeros.values()):
        scope.refuse_tensor(given, f"zero points {list(zeros.values())}", "0 with int16")
    return zeros


def _emit(
    scope: Scope, kind: LayerKind, p: dict[str, int], packed: np.ndarray[Any, np.dtype[np.uint8]], axis: int
) -> None:
    given, filters, output = scope.needed(0), scope.needed(1), scope.output()
    bias = scope.input(2, optional=True)
    sum_bits = sum_bits_of(scope, bias) if given.kind == "INT16" else 0
    p |= clamp_of(scope, output) | ({"sum_bits": sum_bits} if sum_bits else {"bits": p.get("bits", 8)})
    tensors = (given, filters, output)
    table = channel_table(scope, tensors, bias, p["out_channels"], axis=axis, sum_bits=sum_bits)
    source = scope.padded.get(given.index)
    read = given if source is None else scope.graph.tensors[source[0]]
    scope.layer(kind, (read,), output, p, table=table, weights=packed)
