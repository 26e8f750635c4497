"""What quantising needs of weights of any form: columns that share a unit, bounds, numbers of events that meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from spikelet.converters.bounds import Source, input_bound
from spikelet.converters.nodes import Convolution, Dense, FloatArray, Sparse, Weighted
from spikelet.model import SourceMap

__all__ = ["Groups", "columns", "groups_of", "input_bounds", "nonzero", "reach", "with_values"]

#: For each target the number of its unit: int64, shape (targets,).
Groups = npt.NDArray[np.int64]


def groups_of(size: int, parts: Sequence[Weighted], *, one: bool) -> Groups:
    """Targets that must share one weight unit: those of a channel, where weights come from a convolution.

    Args:
        size: of the population.
        parts: all weights into it.
        one: whether all share one unit in any case.
    """
    maps = {(p.target_map.channels, p.target_map.size) for p in parts if isinstance(p, Convolution)}
    if one or len(maps) > 1:
        return np.zeros(size, np.int64)
    channels = maps.pop()[0] if maps else size
    return np.repeat(np.arange(channels), size // channels)


def columns(part: Weighted, groups: Groups) -> FloatArray:
    """All weights of each group, shape (most weights of a group, groups); filled up with zeros."""
    n = int(groups[-1]) + 1
    if isinstance(part, Convolution):
        rows = part.weight.reshape(len(part.weight), -1)
        return rows.T if n > 1 else rows.reshape(-1, 1)
    if isinstance(part, Dense):
        return part.weight if n == part.weight.shape[1] else part.weight.reshape(len(part.weight), n, -1).transpose(
            0, 2, 1
        ).reshape(-1, n)  # fmt: skip
    owner = groups[part.weight.indices]
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner, minlength=n)
    result = np.zeros((int(counts.max(initial=0)), n))
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    result[place, owner[order]] = part.weight.data[order]
    return result


def with_values(part: Weighted, values: FloatArray) -> Weighted:
    """The same form with other values of the weights that it stores."""
    if isinstance(part, Sparse):
        old = part.weight
        return Sparse(weight=csr_array((values, old.indices, old.indptr), shape=old.shape), delays=part.delays)
    return replace(part, weight=values)


def nonzero(part: Weighted) -> int:
    """Weights that are not 0."""
    return int(np.count_nonzero(part.weight.data if isinstance(part, Sparse) else part.weight))


def _area(source_map: SourceMap | None) -> int:
    return prod(source_map.pool) if source_map is not None else 1


def reach(part: Weighted, size: int) -> int:
    """The number of source neurons that can meet in one target (semantics 2.3)."""
    if isinstance(part, Convolution):
        return min(size, prod(part.weight.shape[1:]) * _area(part.source_map))
    return size


def input_bounds(part: Weighted, source: Source) -> FloatArray:
    """Largest |sum of weight * value| of a tick for each target, shape (targets,)."""
    if isinstance(part, Convolution):
        taps = np.repeat(part.weight.reshape(len(part.weight), -1).T, _area(part.source_map), axis=0)
        channels = input_bound(taps, replace(source, size=max(source.size, len(taps))))
        return np.repeat(channels, part.target_map.height * part.target_map.width)
    if isinstance(part, Dense):
        return input_bound(np.repeat(part.weight, _area(part.source_map), axis=0), source)
    return input_bound(columns(part, np.arange(part.weight.shape[1])), source)
