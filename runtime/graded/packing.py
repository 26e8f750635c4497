"""Weights and tables of layers as an image has them: docs/reference/graded.md 4.6 and 4.7."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.graded.model import CHANNEL, CHANNEL_S16, DENSE_OUTPUT, DENSE_OUTPUT_S16, LayerKind

__all__ = [
    "BITS",
    "is_padded",
    "pack_conv",
    "pack_rows",
    "pack_signed",
    "table_form",
    "unpack_conv",
    "unpack_rows",
    "weights_length",
]

Bytes = npt.NDArray[np.uint8]

#: Bits that a weight of a convolution or fully connected layer may have.
BITS = (2, 4, 8)
#: Output channels of a block of weights.
_BLOCK = 64
_LOOKUPS = 513


def table_form(kind: LayerKind, p: Mapping[str, int]) -> tuple[np.dtype[Any], tuple[int, ...]] | None:
    """Type and shape of the table of a layer with these parameters; None: it has none."""
    if kind in {LayerKind.CONV_S8, LayerKind.DEPTHWISE_S8}:
        return CHANNEL, (p["out_channels"],)
    if kind in {LayerKind.CONV_S16, LayerKind.DEPTHWISE_S16}:
        return CHANNEL_S16, (p["out_channels"],)
    if kind in {LayerKind.DOT_S8, LayerKind.DENSE_S8}:
        return DENSE_OUTPUT, (p["outputs"],)
    forms: Mapping[LayerKind, tuple[str, tuple[int, ...]]] = {
        LayerKind.LUT_S8: ("<i1", (256,)),
        LayerKind.SOFTMAX_S16: ("<i2", (2, _LOOKUPS)),
        LayerKind.LOGISTIC_S16: ("<u2", (256,)),
    }
    if kind in forms:
        return np.dtype(forms[kind][0]), forms[kind][1]
    if kind is LayerKind.SOFTMAX_S8:
        return np.dtype("<i4"), (p["entries"],)
    return (DENSE_OUTPUT_S16, (p["outputs"],)) if kind is LayerKind.DENSE_S16 else None


def weights_length(kind: LayerKind, p: Mapping[str, int]) -> int:
    """Bytes of the weights of a layer with these parameters; 0: it has none."""
    if kind is LayerKind.CONV_S8:
        inputs = p["kernel_y"] * p["kernel_x"] * (p["in_channels"] // p["groups"])
        return p["groups"] * inputs * _row_bytes(p["out_channels"] // p["groups"], p["bits"])
    if kind is LayerKind.DENSE_S8:
        return p["inputs"] * _row_bytes(p["outputs"], p["bits"])
    if kind is LayerKind.DOT_S8:
        return p["outputs"] * _up(p["inputs"], 4)
    if kind is LayerKind.DENSE_S16:
        return _up(p["outputs"] * p["inputs"], 4)
    if kind in {LayerKind.DEPTHWISE_S8, LayerKind.DEPTHWISE_S16}:
        return _up(p["kernel_y"] * p["kernel_x"] * p["out_channels"], 4)
    if kind is LayerKind.CONV_S16:
        return _up(p["out_channels"] * p["kernel_y"] * p["kernel_x"] * (p["in_channels"] // p["groups"]), 4)
    return 0


def pack_conv(weights: npt.NDArray[np.int8], *, groups: int = 1, bits: int = 8) -> Bytes:
    """Codes in rows by input, of a conv s8 or (with a 1 x 1 kernel) a dense s8.

    Args:
        weights: [out channel, ky, kx, channel of the group], each below 2^(bits - 1) and at least -2^(bits - 1).
        groups: divides the output channels.
        bits: 8, 4 or 2.
    """
    outputs, *_ = weights.shape
    n = outputs // groups
    rows = weights.reshape(groups, n, -1).transpose(0, 2, 1).astype(np.int16) + 2 ** (bits - 1)
    parts = []
    for group in rows:
        for start in range(0, n, _BLOCK):
            block = group[:, start : start + _BLOCK]
            codes = np.full((len(block), _up(block.shape[1], _multiple(bits))), 2 ** (bits - 1), np.uint8)
            codes[:, : block.shape[1]] = block
            parts.append(_packed(codes, bits).ravel())
    return np.concatenate(parts)


def unpack_conv(packed: Bytes, shape: tuple[int, ...], *, groups: int = 1, bits: int = 8) -> npt.NDArray[np.int8]:
    """The weights of this shape [out channel, ky, kx, channel of the group] that `pack_conv` packed so."""
    n, inputs = shape[0] // groups, int(np.prod(shape[1:], dtype=np.int64))
    parts, at = [], 0
    for _ in range(groups):
        for start in range(0, n, _BLOCK):
            width = min(_BLOCK, n - start)
            length = inputs * _up(width, _multiple(bits)) * bits // 8
            codes = _codes(packed[at : at + length].reshape(inputs, -1), bits)[:, :width]
            parts.append((codes.astype(np.int16) - 2 ** (bits - 1)).astype(np.int8).T)
            at += length
    return np.concatenate(parts).reshape(shape)


def pack_rows(weights: npt.NDArray[np.int8]) -> Bytes:
    """Rows of signed bytes, each padded to a multiple of 4: of a dot s8, weights [output, input]."""
    rows = np.zeros((len(weights), _up(weights.shape[1], 4)), np.int8)
    rows[:, : weights.shape[1]] = weights
    return rows.view(np.uint8).ravel()


def unpack_rows(packed: Bytes, outputs: int, inputs: int) -> npt.NDArray[np.int8]:
    """The weights [output, input] of a dot s8."""
    return packed.view(np.int8).reshape(outputs, -1)[:, :inputs]


def pack_signed(weights: npt.NDArray[np.int8]) -> Bytes:
    """Signed bytes in the array's own order, the whole padded to a multiple of 4."""
    flat = np.zeros(_up(weights.size, 4), np.int8)
    flat[: weights.size] = weights.ravel()
    return flat.view(np.uint8)


def is_padded(kind: LayerKind, p: Mapping[str, int], packed: Bytes) -> bool:
    """Whether what lies behind the weights of rows and arrays of a right length is padding."""
    if kind is LayerKind.DOT_S8:
        return not packed.reshape(p["outputs"], -1)[:, p["inputs"] :].any()
    if kind is LayerKind.CONV_S8 or kind is LayerKind.DENSE_S8:
        return _are_blocks_padded(kind, p, packed)
    size = {
        LayerKind.DEPTHWISE_S8: lambda: p["kernel_y"] * p["kernel_x"] * p["out_channels"],
        LayerKind.DEPTHWISE_S16: lambda: p["kernel_y"] * p["kernel_x"] * p["out_channels"],
        LayerKind.DENSE_S16: lambda: p["outputs"] * p["inputs"],
        LayerKind.CONV_S16: lambda: (
            p["out_channels"] * p["kernel_y"] * p["kernel_x"] * (p["in_channels"] // p["groups"])
        ),
    }.get(kind)
    return size is None or not packed[size() :].any()


def _are_blocks_padded(kind: LayerKind, p: Mapping[str, int], packed: Bytes) -> bool:
    conv, bits = kind is LayerKind.CONV_S8, p["bits"]
    groups, outputs = (p["groups"], p["out_channels"]) if conv else (1, p["outputs"])
    inputs = p["kernel_y"] * p["kernel_x"] * (p["in_channels"] // groups) if conv else p["inputs"]
    last = outputs // groups % _BLOCK
    spare = -last % _multiple(bits)
    if not spare:
        return True
    # Only the last block of a group can have padding.
    length = inputs * (last + spare) * bits // 8
    tails = packed.reshape(groups, -1)[:, -length:].reshape(groups * inputs, -1)
    return bool(np.all(_codes(tails, bits)[:, last:] == 2 ** (bits - 1)))


def _up(n: int, multiple: int) -> int:
    return -(-n // multiple) * multiple


def _multiple(bits: int) -> int:
    """Of how many channels a block's rows are multiples."""
    return 16 if bits == 2 else 8


def _row_bytes(channels: int, bits: int) -> int:
    """Bytes of the rows of one input in all blocks of a group."""
    whole, rest = divmod(channels, _BLOCK)
    return (whole * _BLOCK + _up(rest, _multiple(bits))) * bits // 8


def _packed(codes: Bytes, bits: int) -> Bytes:
    """Codes of each row, the first in the lowest bits."""
    each = 8 // bits
    parts = codes.reshape(len(codes), -1, each) << np.arange(0, 8, bits, dtype=np.uint8)
    packed: Bytes = parts.sum(axis=2, dtype=np.uint8)
    return packed


def _codes(packed: Bytes, bits: int) -> Bytes:
    """The codes of each row of bytes."""
    parts = packed[:, :, None] >> np.arange(0, 8, bits, dtype=np.uint8) & (2**bits - 1)
    codes: Bytes = parts.astype(np.uint8).reshape(len(packed), -1)
    return codes
