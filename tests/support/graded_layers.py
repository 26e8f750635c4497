"""Convolutions of graded networks for tests: made, packed as an image has them, and computed in plain integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

__all__ = ["KINDS", "Layer", "pack_rows", "random_layer"]

Ints = npt.NDArray[np.int64]
#: Parameters of each kind, in the order of graded.md 4.5.
_CONV = (
    "in_height in_width in_channels out_height out_width out_channels kernel_y kernel_x stride_y stride_x"
    " dilation_y dilation_x pad_y pad_x groups in_zero out_zero act_min act_max bits"
).split()
KINDS: Mapping[str, list[str]] = {
    "conv": _CONV,
    "depthwise": _CONV,
    "dot": ["rows", "inputs", "outputs", "in_zero", "out_zero", "act_min", "act_max"],
    "dense": ["rows", "inputs", "outputs", "in_zero", "out_zero", "act_min", "act_max", "bits"],
}
#: Kinds whose sums are scaled by graded.md 1.6.
_SCALED = ("dot", "dense")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer: `kind` of KINDS, its parameters, and arrays.

    `weights` are signed: of conv [o][ky][kx][c of the group], of depthwise [ky][kx][o], of dot and dense [o][i].
    `channels` has bias, multiplier and shift of each output channel, shape (channels, 3).
    """

    kind: str
    parameters: Mapping[str, int]
    weights: Ints
    channels: Ints
    name: str = field(default="", compare=False)

    @property
    def in_shape(self) -> tuple[int, ...]:
        """Of the input."""
        p = self.parameters
        if self.kind in _SCALED:
            return p["rows"], p["inputs"]
        return p["in_height"], p["in_width"], p["in_channels"]

    @property
    def out_shape(self) -> tuple[int, ...]:
        """Of the output."""
        p = self.parameters
        if self.kind in _SCALED:
            return p["rows"], p["outputs"]
        return p["out_height"], p["out_width"], p["out_channels"]

    @property
    def macs(self) -> int:
        """Products of an inference, with those of the padding."""
        per_output = self.weights.size // len(self.channels) if self.kind != "depthwise" else self.weights[..., 0].size
        return int(np.prod(self.out_shape)) * per_output

    def packed_parameters(self) -> bytes:
        """As an image has them."""
        return np.array([self.parameters[name] for name in KINDS[self.kind]], "<i4").tobytes()

    def packed_channels(self) -> bytes:
        """As an image has them."""
        if self.kind in _SCALED:
            bias, multiplier, shift = self.channels.T
            return np.stack([bias, multiplier & 0xFFFF_FFFF, multiplier >> 32, shift], axis=1).astype("<i4").tobytes()
        return self.channels.astype("<i4").tobytes()

    def packed_weights(self) -> bytes:
        """As an image has them: graded.md 4.7."""
        p = self.parameters
        if self.kind == "dot":
            rows = self.weights
            data = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4))).astype("i1").tobytes()
        elif self.kind == "depthwise":
            data = self.weights.astype("i1").tobytes()
            data += bytes(-len(data) % 4)
        else:
            groups = np.split(self.weights, p.get("groups", 1))
            data = b"".join(pack_rows(group.reshape(len(group), -1).T, p["bits"]) for group in groups)
        return data

    def run(self, given: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """The outputs of inputs of in_shape, by graded.md 3 and 1 alone."""
        p = self.parameters
        x = given.reshape(self.in_shape).astype(np.int64) - p["in_zero"]
        sums = x @ self.weights.T if self.kind in _SCALED else self._sums(x)
        bias, multiplier, shift = self.channels.T
        sums = _wrap(sums + bias)
        rule = _scale if self.kind in _SCALED else _requantise
        y = np.empty(sums.shape, np.int8)
        for index in np.ndindex(*sums.shape):
            o = index[-1]
            value = rule(int(sums[index]), int(multiplier[o]), int(shift[o])) + p["out_zero"]
            y[index] = min(max(value, p["act_min"]), p["act_max"])
        return y

    def _sums(self, x: Ints) -> Ints:
        """Of every output of a convolution."""
        p = self.parameters
        height, width, channels = self.out_shape
        sums = np.zeros((height, width, channels), np.int64)
        for ky in range(p["kernel_y"]):
            for kx in range(p["kernel_x"]):
                ys = np.arange(height) * p["stride_y"] + ky * p["dilation_y"] - p["pad_y"]
                xs = np.arange(width) * p["stride_x"] + kx * p["dilation_x"] - p["pad_x"]
                taps = np.zeros((height, width, x.shape[2]), np.int64)
                rows, columns = (ys >= 0) & (ys < x.shape[0]), (xs >= 0) & (xs < x.shape[1])
                taps[np.ix_(rows, columns)] = x[np.ix_(ys[rows], xs[columns])]
                sums += self._tap(taps, ky, kx)
        return sums

    def _tap(self, taps: Ints, ky: int, kx: int) -> Ints:
        if self.kind == "depthwise":
            times = taps.shape[2]
            return np.repeat(taps, self.weights.shape[2] // times, axis=2) * self.weights[ky, kx]
        groups = self.parameters["groups"]
        pairs = zip(np.split(taps, groups, axis=2), np.split(self.weights[:, ky, kx], groups), strict=True)
        return np.concatenate([part @ weights.T for part, weights in pairs], axis=2)


def pack_rows(rows: Ints, bits: int) -> bytes:
    """Weights, shape (inputs, channels), in blocks of 64 channels of codes of `bits` bits."""
    packed = b""
    for at in range(0, rows.shape[1], 64):
        block = rows[:, at : at + 64]
        padded = np.pad(block, ((0, 0), (0, -block.shape[1] % (16 if bits == 2 else 8))))
        codes = (padded + 2 ** (bits - 1)).astype(np.uint8)
        assert codes.max() < 2**bits
        each = codes[..., None] >> np.arange(bits, dtype=np.uint8) & 1
        packed += np.packbits(each.reshape(len(rows), -1), axis=1, bitorder="little").tobytes()
    return packed


def _wrap(x: Ints) -> Ints:
    return (x + 2**31) % 2**32 - 2**31


def _toward_zero(a: int, b: int) -> int:
    return a // b if a >= 0 else -(-a // b)


def _requantise(x: int, multiplier: int, shift: int) -> int:
    """Graded.md 1.1 to 1.3."""
    x = (x * 2 ** max(shift, 0) + 2**31) % 2**32 - 2**31
    product = x * multiplier
    high = _toward_zero(product + (2**30 if product >= 0 else 1 - 2**30), 2**31)
    divisor = 2 ** max(-shift, 0)
    return _toward_zero(2 * high + (divisor if high >= 0 else -divisor), 2 * divisor)


def _scale(x: int, multiplier: int, shift: int) -> int:
    """Graded.md 1.6."""
    return (x * multiplier // 2**32 + 2 ** (shift - 33)) >> (shift - 32)


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
    if kind in _SCALED:
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
    if kind in _SCALED:
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
