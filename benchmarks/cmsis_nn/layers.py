"""Convolutions and fully connected layers of int8, as arrays, and packed as an image has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["KINDS", "SCALED", "Layer", "pack_rows"]

Ints = npt.NDArray[np.int64]
_MAPS = (
    *("in_height", "in_width", "in_channels", "out_height", "out_width", "out_channels"),
    *("kernel_y", "kernel_x", "stride_y", "stride_x", "dilation_y", "dilation_x", "pad_y", "pad_x"),
    *("groups", "in_zero", "out_zero", "act_min", "act_max", "bits"),
)
_DOT = ("rows", "inputs", "outputs", "in_zero", "out_zero", "act_min", "act_max")
#: Parameters of each kind, in the order of graded.md 4.5.
KINDS: Mapping[str, tuple[str, ...]] = {"conv": _MAPS, "depthwise": _MAPS, "dot": _DOT, "dense": (*_DOT, "bits")}
#: Kinds whose sums are scaled by graded.md 1.6.
SCALED = ("dot", "dense")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer of convolution: `kind` of KINDS, its parameters, and arrays.

    `weights` are signed: of conv [o][ky][kx][c of the group], of depthwise [ky][kx][o], of dot and dense [o][i].
    `channels` has bias, multiplier and shift of each output channel, shape (channels, 3). Multipliers of
    dot and dense have 62 bits.
    """

    kind: str
    parameters: Mapping[str, int]
    weights: Ints
    channels: Ints
    name: str = ""

    @property
    def in_shape(self) -> tuple[int, ...]:
        """Of the input."""
        p = self.parameters
        if self.kind in SCALED:
            return p["rows"], p["inputs"]
        return p["in_height"], p["in_width"], p["in_channels"]

    @property
    def out_shape(self) -> tuple[int, ...]:
        """Of the output."""
        p = self.parameters
        if self.kind in SCALED:
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
        if self.kind in SCALED:
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
