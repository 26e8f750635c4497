"""Layers over maps of the graded reference: convolutions and pools (docs/reference/graded.md 3, 4.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from spikelet.graded.arithmetic import Int64Array, clamp, requantise, requantise64, word
from spikelet.graded.model import Layer, LayerKind
from spikelet.graded.reference_steps import Prepare, Step, table_of, weights_of

__all__ = ["MAP_KINDS", "coded_weights"]

#: Output channels that stand side by side in coded weights.
_BLOCK = 64


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


def _taps(p: Mapping[str, int], x: Int64Array, fill: int) -> npt.NDArray[np.int64]:
    """What each output pixel sees: (out_height, out_width, kernel_y, kernel_x, channels), `fill` outside of the map."""
    dilation_y, dilation_x = p.get("dilation_y", 1), p.get("dilation_x", 1)
    rows = _reach(p["out_height"], p["stride_y"], p["kernel_y"], dilation_y, p["pad_y"])
    columns = _reach(p["out_width"], p["stride_x"], p["kernel_x"], dilation_x, p["pad_x"])
    inside_y = (rows >= 0) & (rows < p["in_height"])
    inside_x = (columns >= 0) & (columns < p["in_width"])
    seen = x[np.where(inside_y, rows, 0)[:, None, :, None], np.where(inside_x, columns, 0)[None, :, None, :]]
    inside = inside_y[:, None, :, None] & inside_x[None, :, None, :]
    return np.where(inside[..., None], seen, fill)


def _reach(count: int, stride: int, kernel: int, dilation: int, pad: int) -> Int64Array:
    """Positions (output, tap) along one axis."""
    return np.add.outer(np.arange(count) * stride - pad, np.arange(kernel) * dilation)


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
    # Sums of products stay below 2^53, so that float64 is exact: 2^15 * 2^7 * taps with taps below 2^31.
    columns = [np.ascontiguousarray(block.T.astype(np.float64)) for block in weights]
    bias = table_of(layer, "bias")

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        x = given[0].reshape(p["in_height"], p["in_width"], p["in_channels"]) - p["in_zero"]
        seen = _taps(p, x, 0)
        sums = np.empty((p["out_height"] * p["out_width"], p["out_channels"]), np.int64)
        for group in range(groups):
            part = seen[..., group * inputs : (group + 1) * inputs].reshape(-1, taps)
            sums[:, group * outputs : (group + 1) * outputs] = part.astype(np.float64) @ columns[group]
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
        sums = np.einsum("yxijc,ijc->yxc", seen, weights)
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
