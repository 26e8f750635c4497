"""Layers of graded networks for tests: random ones, and what they give in plain integers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from benchmarks.cmsis_nn.layers import SCALED, Layer

__all__ = ["in_place_shift", "outputs", "random_input", "random_layer", "without"]

Ints = npt.NDArray[np.int64]


def outputs(layer: Layer, given: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """The outputs of inputs of layer.in_shape, by graded.md 3 and 1 alone."""
    p = layer.parameters
    x = given.reshape(layer.in_shape).astype(np.int64) - p["in_zero"]
    sums = x @ layer.weights.T if layer.kind in SCALED else _sums(layer, x)
    bias, multiplier, shift = layer.channels.T
    sums = _wrap(sums + bias)
    rule = _scale if layer.kind in SCALED else _requantise
    y = rule(sums, multiplier, shift) + p["out_zero"]
    return np.clip(y, p["act_min"], p["act_max"]).astype(np.int8)


def _sums(layer: Layer, x: Ints) -> Ints:
    """Of every output of a convolution."""
    p = layer.parameters
    height, width, channels = layer.out_shape
    sums = np.zeros((height, width, channels), np.int64)
    for ky in range(p["kernel_y"]):
        for kx in range(p["kernel_x"]):
            ys = np.arange(height) * p["stride_y"] + ky * p["dilation_y"] - p["pad_y"]
            xs = np.arange(width) * p["stride_x"] + kx * p["dilation_x"] - p["pad_x"]
            taps = np.zeros((height, width, x.shape[2]), np.int64)
            rows, columns = (ys >= 0) & (ys < x.shape[0]), (xs >= 0) & (xs < x.shape[1])
            taps[np.ix_(rows, columns)] = x[np.ix_(ys[rows], xs[columns])]
            sums += _tap(layer, taps, ky, kx)
    return sums


def _tap(layer: Layer, taps: Ints, ky: int, kx: int) -> Ints:
    if layer.kind == "depthwise":
        times = taps.shape[2]
        return np.repeat(taps, layer.weights.shape[2] // times, axis=2) * layer.weights[ky, kx]
    groups = layer.parameters["groups"]
    pairs = zip(np.split(taps, groups, axis=2), np.split(layer.weights[:, ky, kx], groups), strict=True)
    return np.concatenate([part @ weights.T for part, weights in pairs], axis=2)


def _wrap(x: Ints) -> Ints:
    return (x + 2**31) % 2**32 - 2**31


def _toward_zero(a: Ints, b: Ints | int) -> Ints:
    return np.where(a >= 0, a // b, -(-a // b))


def _requantise(x: Ints, multiplier: Ints, shift: Ints) -> Ints:
    """Graded.md 1.1 to 1.3."""
    product = _wrap(x * 2 ** np.maximum(shift, 0)) * multiplier
    high = _toward_zero(product + np.where(product >= 0, 2**30, 1 - 2**30), 2**31)
    divisor = 2 ** np.maximum(-shift, 0)
    return _toward_zero(2 * high + np.where(high >= 0, divisor, -divisor), 2 * divisor)


def _scale(x: Ints, multiplier: Ints, shift: Ints) -> Ints:
    """Graded.md 1.6, in Python's integers."""
    one = np.ones(shift.shape, object)
    quotient = x.astype(object) * multiplier.astype(object) // 2**32
    found: Ints = (quotient + (one << (shift - 33))) // (one << (shift - 32))
    return found


def random_layer(rng: np.random.Generator, kind: str, style: str = "usual", **fixed: int) -> Layer:
    """A layer of random geometry.

    Args:
        rng: source of randomness.
        kind: of KINDS.
        style: of channels: "usual", "relu", "wide" (biases near 2^31, shifts to 31) or "any" (shifts left as well).
        fixed: parameters that are not random.
    """

    def one(low: int, high: int) -> int:
        return int(rng.integers(low, high, endpoint=True))

    clamp = sorted((one(-128, 127), one(-128, 127))) if style == "any" else [-128, 127]
    p = {"in_zero": int(rng.choice([-128, one(-128, 127)])), "out_zero": one(-128, 127)}
    p |= {"act_min": clamp[0], "act_max": clamp[1]}
    if style == "relu":
        p["out_zero"] = -128
    if kind in SCALED:
        p |= {"rows": one(1, 3), "inputs": one(1, 70), "outputs": one(1, 20), "bits": 8} | fixed
        half = 2 ** (p["bits"] - 1)
        weights = rng.integers(-half, half, (p["outputs"], p["inputs"]))
        inputs = p["inputs"]
        channels = p["outputs"]
    else:
        p |= {name: one(1, 7) for name in ("in_height", "in_width")}
        p |= {name: one(1, 3) for name in ("kernel_y", "kernel_x", "stride_y", "stride_x")}
        p |= {name: int(rng.choice([1, 1, 2])) for name in ("dilation_y", "dilation_x")}
        p |= {"in_channels": one(1, 12), "groups": 1, "bits": 8}
        p |= fixed
        p["pad_y"] = fixed.get("pad_y", one(0, p["kernel_y"] - 1))
        p["pad_x"] = fixed.get("pad_x", one(0, p["kernel_x"] - 1))
        for axis, side in (("y", "height"), ("x", "width")):
            reach = p[f"in_{side}"] + 2 * p[f"pad_{axis}"] - (p[f"kernel_{axis}"] - 1) * p[f"dilation_{axis}"] - 1
            p[f"out_{side}"] = fixed.get(f"out_{side}", max(reach, 0) // p[f"stride_{axis}"] + 1)
        if kind == "depthwise":
            p["groups"] = p["in_channels"]
            p["out_channels"] = fixed.get("out_channels", p["in_channels"] * int(rng.choice([1, 1, 2, 3])))
            shape: tuple[int, ...] = (p["kernel_y"], p["kernel_x"], p["out_channels"])
        else:
            p["out_channels"] = p["groups"] * fixed.get("out_channels", one(1, 20))
            shape = (p["out_channels"], p["kernel_y"], p["kernel_x"], p["in_channels"] // p["groups"])
        half = 2 ** (p["bits"] - 1)
        weights = rng.integers(-half, half, shape)
        channels = p["out_channels"]
        inputs = weights.size // channels
    spread = 128 * 100 * int(np.sqrt(inputs) + 1) * 2 ** (p.get("bits", 8) - 8)
    table = np.stack(
        [
            rng.integers(-spread, spread, channels, endpoint=True),
            rng.integers(2**30, 2**31, channels),
            -np.clip(np.log2(spread / 90 + 1) + rng.normal(0, 1, channels), 1, 31).astype(np.int64),
        ],
        axis=1,
    )
    if style == "wide":
        some = rng.random(channels) < 0.5
        table[some, 0] = rng.integers(-(2**31), 2**31, some.sum())
        table[some, 2] = rng.integers(-31, 0, some.sum())
    if style != "usual":
        table[rng.random(channels) < 0.1, 1:] = 0
    if style == "any":
        some = rng.random(channels) < 0.3
        table[some, 2] = rng.integers(-31, 30, some.sum(), endpoint=True)
    if kind in SCALED:
        table[:, 1] = (table[:, 1] << 31) + rng.integers(0, 2**31, channels)
        table[:, 2] = 62 - table[:, 2] if style != "any" else rng.integers(33, 96, channels)
        table[:, 1:] = np.stack([np.minimum(table[:, 1], 2**62 - 1), np.clip(table[:, 2], 33, 95)], axis=1)
    return Layer(kind=kind, parameters=p, weights=weights.astype(np.int64), channels=table)


def random_input(
    rng: np.random.Generator, layer: Layer, zeros: float, values: npt.NDArray[np.int8] | None = None
) -> npt.NDArray[np.int8]:
    """Inputs of which a share is the zero point, the others random, or of some values."""
    zero = layer.parameters["in_zero"]
    given = rng.integers(-128, 128, layer.in_shape) if values is None else rng.choice(values, layer.in_shape)
    given = np.where(given == zero, zero - 1 if zero > -128 else zero + 1, given)
    return np.where(rng.random(layer.in_shape) < zeros, zero, given).astype(np.int8)


def without(layer: Layer, **parameters: int) -> Layer:
    """The layer with other parameters."""
    return replace(layer, parameters={**layer.parameters, **parameters})


def in_place_shift(layer: Layer) -> int:
    """Where the output may begin at the latest, from the input's begin on, if both lie in the same place.

    A convolution reads all of a pixel before it writes it, a depthwise layer all of a row (graded.md 5).
    """
    p = layer.parameters
    row_in, column_in = p["in_width"] * p["in_channels"], p["in_channels"]
    by_row = layer.kind == "depthwise"
    piece = p["out_channels"] * (p["out_width"] if by_row else 1)
    needed = []
    for oy in range(p["out_height"]):
        first_y = _first(oy * p["stride_y"] - p["pad_y"], p["dilation_y"])
        for ox in range(1 if by_row else p["out_width"]):
            first_x = 0 if by_row else _first(ox * p["stride_x"] - p["pad_x"], p["dilation_x"])
            needed.append(first_y * row_in + first_x * column_in)
    ends = [piece * (i + 1) for i in range(len(needed))]
    later = np.minimum.accumulate(np.array([*needed[1:], p["in_height"] * row_in])[::-1])[::-1]
    return int(min(0, (later - ends).min())) // 4 * 4


def _first(start: int, dilation: int) -> int:
    """The first tap at or behind 0."""
    return start if start >= 0 else start + -(start // dilation) * dilation
