"""Which blocks of a population an event reaches: csrc/engine/{conv,sparse,sparse4}.c."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from spikelet.maps import pooled_places, row_of, tap_places
from spikelet.model import Population, Projection, ProjectionKind, SourceMap, SparseWeights
from spikelet.rows import blocks_of, pack_sparse

__all__ = ["touched_blocks"]

_Index = npt.NDArray[np.int64]


def touched_blocks(p: Projection, target: Population) -> tuple[_Index, _Index]:
    """For the source neurons of a convolution or sparse projection the blocks of the target that their event touches.

    Returns:
        Where each neuron's blocks begin and the last ones end, int64, shape (neurons + 1,); blocks, int64.
    """
    n_blocks = -(-target.size // 2**target.block)
    assert p.source_map is not None or isinstance(p.weights, SparseWeights)
    pairs = _of_sparse(p, p.weights) if isinstance(p.weights, SparseWeights) else _of_conv(p, 2**target.block)
    parts = [np.unique(neuron * n_blocks + (at >> target.block)) for neuron, at in pairs]
    found = np.unique(np.concatenate(parts))
    n_source = len(row_of(p.source_map, 0 if p.source_map else _rows(p)))
    start = np.searchsorted(found, np.arange(n_source + 1) * n_blocks)
    return start, found % n_blocks


def _rows(p: Projection) -> int:
    assert isinstance(p.weights, SparseWeights)
    return len(p.weights.start) - 1


def _of_sparse(p: Projection, weights: SparseWeights) -> Iterator[tuple[_Index, _Index]]:
    """Source neurons and targets of all stored pairs, those that make way included."""
    row = row_of(p.source_map, _rows(p))
    neurons = np.flatnonzero(row >= 0)
    start, targets = _places4(weights) if p.kind is ProjectionKind.SPARSE4 else _places(weights)
    counts = np.diff(start)[row[neurons]]
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    yield np.repeat(neurons, counts), targets[np.repeat(start[row[neurons]], counts) + within]


def _places(weights: SparseWeights) -> tuple[_Index, _Index]:
    """Where the pairs of rows begin; targets of all pairs."""
    content = pack_sparse(weights)
    start = np.frombuffer(content, "<u4", len(weights.start)).astype(np.int64)
    gaps = np.frombuffer(content, np.uint8, int(start[-1]), 4 * len(weights.start))[::2].astype(np.int64)
    start //= 2
    sums = np.concatenate([[0], np.cumsum(gaps)])
    targets = sums[1:] - np.repeat(sums[start[:-1]], np.diff(start))
    return start, targets


def _places4(weights: SparseWeights) -> tuple[_Index, _Index]:
    """Where the blocks of four of rows begin; the first targets of all blocks."""
    start, gaps, _ = blocks_of(weights)
    behind = np.concatenate([[0], np.cumsum(gaps + 1)])
    return start, 4 * (behind[1:] - 1 - np.repeat(behind[start[:-1]], np.diff(start)))


def _of_conv(p: Projection, width: int) -> Iterator[tuple[_Index, _Index]]:
    """Source neurons and targets of all taps; of channels that lie together those that reach blocks of a width."""
    source, target = p.source_map, p.target_map
    assert isinstance(source, SourceMap)
    assert target is not None
    c, y, x, there = pooled_places(source)
    out = target.channels // target.groups
    first = c // (source.channels // target.groups) * out
    for tap_y in range(target.kernel[0]):
        to_y, meets_y = tap_places(y, tap_y, target, 0)
        for tap_x in range(target.kernel[1]):
            to_x, meets_x = tap_places(x, tap_x, target, 1)
            neurons = np.flatnonzero(there & meets_y & meets_x)
            place, begin = (to_y * target.width + to_x)[neurons], first[neurons]
            channels = range(out) if target.planar else sorted({*range(0, out, width), out - 1})
            for channel in channels:
                if target.planar:
                    yield neurons, (begin + channel) * target.height * target.width + place
                else:
                    yield neurons, place * target.channels + begin + channel
