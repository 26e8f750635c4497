"""Weights as the bytes of an image and back: docs/reference/image.md, 5.1."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spikelet.codes import refuse_image
from spikelet.model import ProjectionKind, SourceMap, SparseWeights, TargetMap

__all__ = [
    "blocks_of",
    "conv_codes",
    "conv_weights",
    "pack",
    "pack_sparse",
    "pack_sparse4",
    "stride_of",
    "unpack",
    "unpack_sparse",
    "unpack_sparse4",
    "weights_of_rows",
]

_Codes = npt.NDArray[np.uint8]
_Weights = npt.NDArray[np.int8]
_Index = npt.NDArray[np.int64]

#: Code of weight 0 (of one bit: of weight -1), by layout; layout 4 stores the weight itself.
_PADDING = {0: 128, 1: 8, 2: 2, 3: 0, 4: 0}
_BITS = {0: 8, 1: 4, 2: 2, 3: 1, 4: 8}
#: The largest gap of a sparse row; a longer way is made by pairs, or blocks, of weight 0.
_GAP = 255


def stride_of(layout: int, n: int) -> int:
    """Bytes of a row of n codes."""
    n_bytes = -(-n * _BITS[layout] // 8)
    return -(-n_bytes // 4) * 4


def pack(layout: int, weights: _Weights) -> _Codes:
    """Rows of weights (rows, n), as rows of bytes (rows, stride)."""
    rows, n = weights.shape
    bits, stride = _BITS[layout], stride_of(layout, n)
    codes = np.full((rows, stride * 8 // bits), _PADDING[layout], np.uint8)
    codes[:, :n] = _code(layout, weights)
    packed: _Codes = np.bitwise_or.reduce(codes.reshape(rows, stride, 8 // bits) << _shifts(bits), axis=2)
    return packed


def unpack(layout: int, content: bytes, rows: int, n: int, where: str) -> _Weights:
    """The weights (rows, n) of rows of bytes.

    Raises:
        ImageError: codes behind the weights are not those of the padding.
    """
    bits, stride = _BITS[layout], stride_of(layout, n)
    packed = np.frombuffer(content, np.uint8).reshape(rows, stride, 1)
    codes = (packed >> _shifts(bits) & np.uint8((1 << bits) - 1)).reshape(rows, stride * 8 // bits)
    if np.any(codes[:, n:] != _PADDING[layout]):
        refuse_image("IMAGE_PROJECTION", f"{where}: weights: codes behind the weights are not {_PADDING[layout]}")
    return _weight(layout, codes[:, :n])


def _shifts(bits: int) -> _Codes:
    """Where the codes of a byte begin."""
    return np.arange(0, 8, bits, dtype=np.uint8)


def _code(layout: int, weights: _Weights) -> _Codes:
    wide = weights.astype(np.int16)
    codes = (wide + 1) // 2 if layout == 3 else wide + _PADDING[layout]
    return codes.astype(np.uint8)


def _weight(layout: int, codes: _Codes) -> _Weights:
    wide = codes.astype(np.int16)
    return (2 * wide - 1 if layout == 3 else wide - _PADDING[layout]).astype(np.int8)


def _taps(kernel_x: int, stride_x: int) -> list[int]:
    """kx in the order of a row: taps that one event meets together lie together."""
    return sorted(range(kernel_x), key=lambda kx: (kx % stride_x, -kx))


def conv_codes(weights: _Weights, target: TargetMap) -> _Weights:
    """Rows of a convolution, (channels kernel_y, kernel_x out_channels / groups), of its weights."""
    out, channels, kernel_y, kernel_x = weights.shape
    groups, taps = target.groups, _taps(kernel_x, target.stride[1])
    grouped = weights.reshape(groups, out // groups, channels, kernel_y, kernel_x)[..., taps]
    by_channel = grouped.transpose(0, 2, 3, 4, 1)  # group, channel, ky, kx, out channel
    rows: _Weights = by_channel.reshape(groups * channels * kernel_y, kernel_x * (out // groups))
    return rows


def conv_weights(rows: _Weights, source: SourceMap, target: TargetMap) -> _Weights:
    """The weights (out channels, channels / groups, ky, kx) of a convolution's rows."""
    groups, (kernel_y, kernel_x) = target.groups, target.kernel
    channels, out = source.channels // groups, target.channels // groups
    by_channel = rows.reshape(groups, channels, kernel_y, kernel_x, out)
    grouped = np.empty_like(by_channel)
    grouped[:, :, :, _taps(kernel_x, target.stride[1])] = by_channel
    return np.ascontiguousarray(grouped.transpose(0, 4, 1, 2, 3)).reshape(-1, channels, kernel_y, kernel_x)


def pack_sparse(weights: SparseWeights) -> bytes:
    """Layout 5: where rows begin, then their pairs."""
    before = np.zeros_like(weights.targets)
    before[1:] = weights.targets[:-1]
    before[weights.start[:-1][np.diff(weights.start) > 0]] = 0
    gap = weights.targets - before
    ways = np.maximum(gap - 1, 0) // _GAP
    ends = np.cumsum(ways + 1)
    pairs = np.zeros((int(ends[-1]) if len(ends) else 0, 2), np.uint8)
    pairs[:, 0] = _GAP
    pairs[ends - 1, 0] = gap - ways * _GAP
    pairs[ends - 1, 1] = weights.values.view(np.uint8)
    start = np.concatenate([[0], ends])[weights.start] * 2
    content: bytes = start.astype("<u4").tobytes() + pairs.tobytes()
    return content + bytes(-len(content) % 4)


def unpack_sparse(content: bytes, rows: int, n: int, where: str) -> SparseWeights:
    """The weights of a layout 5 of so many rows and n targets.

    Raises:
        ImageError: rows leave the bytes or are not in order, or a pair leaves the targets.
    """
    name, head = "IMAGE_PROJECTION", 4 * (rows + 1)
    if len(content) < head:
        refuse_image(name, f"{where}: weights_length {len(content)} has no room for where {rows} rows begin")
    start = np.frombuffer(content[:head], "<u4").astype(np.int64)
    if start[0] != 0 or np.any(start % 2) or np.any(np.diff(start) < 0):
        refuse_image(name, f"{where}: weights: rows do not begin at even places that ascend from 0")
    end = head + int(start[-1])
    if -(-end // 4) * 4 != len(content) or any(content[end:]):
        text = f"rows end at {end} of {len(content)} bytes"
        refuse_image(name, f"{where}: weights: {text}; allowed: at the last, or before a padding of zeros")
    pairs = np.frombuffer(content[head:end], np.uint8).reshape(-1, 2)
    sums = np.concatenate([[0], np.cumsum(pairs[:, 0], dtype=np.int64)])
    start //= 2
    targets = sums[1:] - np.repeat(sums[start[:-1]], np.diff(start))
    if np.any(targets >= n):
        refuse_image(name, f"{where}: weights: a row reaches target {targets.max()}; there are {n}")
    there = pairs[:, 1] != 0
    kept = np.concatenate([[0], np.cumsum(there, dtype=np.int64)])
    values = pairs[there, 1].view(np.int8)
    return SparseWeights(start=kept[start], targets=targets[there], values=values)


def blocks_of(weights: SparseWeights) -> tuple[_Index, _Index, _Weights]:
    """Sparse rows in blocks of four targets, with those that only make way.

    Returns:
        Where each row's blocks begin and the last ones end, int64, shape (rows + 1,); the gap before each block;
        weights, int8, shape (blocks, 4).
    """
    rows = len(weights.start) - 1
    row = np.repeat(np.arange(rows), np.diff(weights.start))
    owner = np.stack([row, weights.targets // 4])
    first = np.flatnonzero(np.any(np.diff(owner, axis=1, prepend=-1) != 0, axis=0))
    of_row, block = owner[:, first]
    before = np.full(len(first), -1)
    same = np.flatnonzero(np.diff(of_row) == 0) + 1
    before[same] = block[same - 1]
    gap = block - before - 1
    ways = gap // (_GAP + 1)
    ends = np.cumsum(ways + 1)
    n = int(ends[-1]) if len(ends) else 0
    gaps, values = np.full(n, _GAP, np.int64), np.zeros((n, 4), np.int8)
    gaps[ends - 1] = gap - ways * (_GAP + 1)
    counts = np.diff(np.append(first, len(row)))
    values[np.repeat(ends - 1, counts), weights.targets % 4] = weights.values
    start = np.concatenate([[0], ends])[np.searchsorted(of_row, np.arange(rows + 1))]
    return start, gaps, values


def pack_sparse4(weights: SparseWeights) -> bytes:
    """Layout 6: the block that each row begins with, all weights, all gaps."""
    start, gaps, values = blocks_of(weights)
    content: bytes = start.astype("<u4").tobytes() + values.tobytes() + gaps.astype(np.uint8).tobytes()
    return content + bytes(-len(content) % 4)


def unpack_sparse4(content: bytes, rows: int, n: int, where: str) -> SparseWeights:
    """The weights of a layout 6 of so many rows and n targets.

    Raises:
        ImageError: rows leave the bytes or are not in order, or a weight is for no target.
    """
    name, head = "IMAGE_PROJECTION", 4 * (rows + 1)
    if len(content) < head:
        refuse_image(name, f"{where}: weights_length {len(content)} has no room for where {rows} rows begin")
    start = np.frombuffer(content[:head], "<u4").astype(np.int64)
    blocks = int(start[-1])
    at, end = head + 4 * blocks, head + 5 * blocks
    if -(-end // 4) * 4 != len(content) or any(content[end:]):
        text = f"{blocks} blocks end at {end} of {len(content)} bytes"
        refuse_image(name, f"{where}: weights: {text}; allowed: at the last, or before a padding of zeros")
    if start[0] != 0 or np.any(np.diff(start) < 0):
        refuse_image(name, f"{where}: weights: rows do not begin at blocks that ascend from 0")
    gaps = np.frombuffer(content[at:end], np.uint8).astype(np.int64)
    behind = np.concatenate([[0], np.cumsum(gaps + 1)])
    place = behind[1:] - 1 - np.repeat(behind[start[:-1]], np.diff(start))
    values = np.frombuffer(content[head:at], np.int8).reshape(-1, 4)
    targets = 4 * place[:, None] + np.arange(4)
    there = values != 0
    if np.any(4 * place >= n) or np.any(targets[there] >= n):
        refuse_image(name, f"{where}: weights: a row reaches beyond its {n} targets")
    kept = np.concatenate([[0], np.cumsum(there.sum(axis=1), dtype=np.int64)])
    return SparseWeights(start=kept[start], targets=targets[there], values=values[there])


def weights_of_rows(kind: ProjectionKind, weights: SparseWeights) -> _Index:
    """Weights that an event of each row adds (semantics 6): the stored ones, or four for each block that has one."""
    if kind is ProjectionKind.SPARSE:
        stored: _Index = np.diff(weights.start)
        return stored
    start, _, values = blocks_of(weights)
    there = np.concatenate([[0], np.cumsum(values.any(axis=1))])
    added: _Index = 4 * np.diff(there[start])
    return added
