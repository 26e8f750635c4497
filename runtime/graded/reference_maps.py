"""Layers over maps of the graded reference: convolutions and pools (docs/reference/graded.md 3, 4.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.graded.arithmetic import Int64Array, clamp, requantise, requantise64, word
from spikelet.graded.model import Layer, LayerKind
from spikelet.graded.reference_steps import Prepare, Step, table_of, weights_of

__all__ = ["MAP_KINDS", "coded_weights"]

#: Output channels that stand side by side in coded weights.
_BLOCK = 64
#: Sums below it are exact in float32.
_SINGLE = 2**24

_Map = npt.NDArray[Any]


def coded_weights(data: npt.NDArray[np.uint8], *, groups: int, inputs: int, outputs: int, bits: int) -> Int64Array:
    """Weights of conv s8 from their bytes (4.7).

    Args:
        data: the layer's weights.
        groups: of the convolution.
        inputs: inputs (ky, kx, c) of a group.
        outputs: output channels of a group.
        bits: 8, 4 or 2.

    Returns:
        int64, shape (groups, outputs, inputs).
    """
    codes = (data[:, None] >> np.arange(0, 8, bits, dtype=np.uint8)) & (2**bits - 1)
    weights = codes.reshape(-1).astype(np.int64) - 2 ** (bits - 1)
    multiple = 16 if bits == 2 else 8
    found = np.zeros((groups, outputs, inputs), np.int64)
    at = 0
    for group in range(groups):
        for first in range(0, outputs, _BLOCK):
            width = min(_BLOCK, outputs - first)
            padded = -(-width // multiple) * multiple
            block = weights[at : at + inputs * padded].reshape(inputs, padded)
            found[group, first : first + width] = block[:, :width].T
            at += inputs * padded
    return found


def _taps(p: Mapping[str, int], x: _Map, fill: int) -> _Map:
    """What each output pixel sees: (out_height, out_width, kernel_y, kernel_x, channels), `fill` outside of the map."""
    cuts = []
    amounts = []
    for axis, name in ((0, "y"), (1, "x")):
        count = p["out_height"] if axis == 0 else p["out_width"]
        stride, dilation, before = p[f"stride_{name}"], p.get(f"dilation_{name}", 1), p[f"pad_{name}"]
        reach = (p[f"kernel_{name}"] - 1) * dilation + 1
        seen = (count - 1) * stride + reach
        amounts.append((before, max(seen - before - x.shape[axis], 0)))
        cuts.append((seen, reach, stride, dilation))
    padded = np.pad(x, (*amounts, (0, 0)), constant_values=fill)[: cuts[0][0], : cuts[1][0]]
    windows = np.lib.stride_tricks.sliding_window_view(padded, (cuts[0][1], cuts[1][1]), axis=(0, 1))
    (_, _, step_y, apart_y), (_, _, step_x, apart_x) = cuts
    taps: _Map = windows[::step_y, ::step_x, :, ::apart_y, ::apart_x].transpose(0, 1, 3, 4, 2)
    return taps


def _finish(sums: Int64Array, layer: Layer) -> Int64Array:
    """From sums with their bias, (pixels, channels), to outputs."""
    p = layer.parameters
    multiplier, shift = table_of(layer, "multiplier"), table_of(layer, "shift")
    if p.get("sum_bits", 32) == 64:
        scaled = requantise64(sums, multiplier, shift)
    else:
        scaled = requantise(word(sums), multiplier, shift)
    return clamp(word(scaled + p["out_zero"]), p["act_min"], p["act_max"]).reshape(-1)


def _convolution(layer: Layer) -> Step:
    p = layer.parameters
    groups = p["groups"]
    inputs, outputs = p["in_channels"] // groups, p["out_channels"] // groups
    taps = p["kernel_y"] * p["kernel_x"] * inputs
    data = weights_of(layer)
    if layer.kind is LayerKind.CONV_S8:
        weights = coded_weights(data, groups=groups, inputs=taps, outputs=outputs, bits=p["bits"])
    else:
        signed = data[: groups * outputs * taps].view(np.int8).astype(np.int64)
        weights = signed.reshape(groups, outputs, taps)
    # A product of an input without its zero point and a weight is at most 255 * 128, or 2^15 * 2^7 of int16: sums of
    # them are exact in float64 below 2^31 taps, and in float32 where they are few and of int8.
    few = layer.kind is LayerKind.CONV_S8 and taps * 255 * 128 < _SINGLE
    exact: type[np.floating[Any]] = np.float32 if few else np.float64
    columns = [np.ascontiguousarray(block.T.astype(exact)) for block in weights]
    bias = table_of(layer, "bias")

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        x = given[0].reshape(p["in_height"], p["in_width"], p["in_channels"]) - p["in_zero"]
        seen = _taps(p, x.astype(exact), 0)
        sums = np.empty((p["out_height"] * p["out_width"], p["out_channels"]), np.int64)
        for group in range(groups):
            part = seen[..., group * inputs : (group + 1) * inputs].reshape(-1, taps)
            sums[:, group * outputs : (group + 1) * outputs] = part @ columns[group]
        return _finish(sums + bias, layer)

    return run


def _depthwise(layer: Layer) -> Step:
    p = layer.parameters
    channels, times = p["out_channels"], p["out_channels"] // p["in_channels"]
    count = p["kernel_y"] * p["kernel_x"] * channels
    weights = weights_of(layer)[:count].view(np.int8).astype(np.int64)
    weights = weights.reshape(p["kernel_y"], p["kernel_x"], channels)
    bias = table_of(layer, "bias")

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        x = given[0].reshape(p["in_height"], p["in_width"], p["in_channels"]) - p["in_zero"]
        seen = _taps(p, np.repeat(x, times, axis=2), 0)
        sums = np.zeros((p["out_height"], p["out_width"], channels), np.int64)
        for ky, kx in np.ndindex(p["kernel_y"], p["kernel_x"]):
            sums += seen[:, :, ky, kx] * weights[ky, kx]
        return _finish(sums.reshape(-1, channels) + bias, layer)

    return run


def _average_pool(layer: Layer) -> Step:
    p = layer.parameters

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        q = given[0].reshape(p["in_height"], p["in_width"], p["channels"])
        sums = _taps(p, q, 0).sum(axis=(2, 3))
        taps = _taps(p, np.ones_like(q), 0).sum(axis=(2, 3))
        means = (np.abs(sums) + taps // 2) // taps
        return clamp(np.where(sums < 0, -means, means), p["act_min"], p["act_max"]).reshape(-1)

    return run


def _max_pool(layer: Layer) -> Step:
    p = layer.parameters

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        q = given[0].reshape(p["in_height"], p["in_width"], p["channels"])
        largest = _taps(p, q, -(2**31)).max(axis=(2, 3))
        return clamp(largest, p["act_min"], p["act_max"]).reshape(-1)

    return run


MAP_KINDS: Mapping[LayerKind, Prepare] = {
    LayerKind.CONV_S8: _convolution,
    LayerKind.CONV_S16: _convolution,
    LayerKind.DEPTHWISE_S8: _depthwise,
    LayerKind.DEPTHWISE_S16: _depthwise,
    LayerKind.AVERAGE_POOL: _average_pool,
    LayerKind.MAX_POOL: _max_pool,
}
