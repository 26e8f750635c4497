"""Other ways to store and build the same network: layouts of projections, sizes of blocks, sets of kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from spikelet._data import path as data_path
from spikelet.board_files import Board
from spikelet.converters.emit import kernel_names
from spikelet.model import Model, PopulationKind, Projection, ProjectionKind, SparseWeights
from spikelet.parts import kernel_sets

__all__ = ["block_sizes", "kernels", "layout_name", "layouts"]

#: Part of the weights that are not 0 up to which sparse rows are tried.
_MOST = 0.6
#: Neurons of the smallest population that is tried in blocks; blocks as powers of 2.
_SMALL, _BLOCKS = 64, (3, 4, 5, 6, 7)
#: Kernels that no tick needs.
_LOADS = frozenset({"image_crc"})
_Rows = npt.NDArray[np.int8]


def layout_name(p: Projection) -> str:
    """Such as "dense, 4 bits"."""
    return f"{p.kind.name.lower()}, {p.bits} bit{'s' * (p.bits > 1)}"


def layouts(p: Projection, size: int) -> Iterator[Projection]:
    """The projection to so many neurons in every other layout that holds its weights exactly and is worth a trial."""
    if p.kind is ProjectionKind.FEED:
        return
    rows = _rows_of(p, size)
    for bits in (8, 4, 2, 1):
        if p.kind is ProjectionKind.CONV and bits != p.bits and _holds(bits, p.weights):
            yield replace(p, bits=bits)
        elif rows is not None and (p.kind, p.bits) != (ProjectionKind.DENSE, bits) and _holds(bits, rows):
            yield replace(p, kind=ProjectionKind.DENSE, weights=rows, bits=bits)
    if rows is not None and np.count_nonzero(rows) <= _MOST * rows.size:
        for kind in (ProjectionKind.SPARSE, ProjectionKind.SPARSE4):
            if kind is not p.kind:
                yield replace(p, kind=kind, weights=_sparse(rows), bits=8)


def _rows_of(p: Projection, size: int) -> _Rows | None:
    """All weights of a dense or sparse projection; None: it has no rows, or two weights for one target."""
    if p.kind is ProjectionKind.CONV or p.weights is None:
        return None
    if not isinstance(p.weights, SparseWeights):
        return p.weights
    stored = p.weights
    row = np.repeat(np.arange(len(stored.start) - 1), np.diff(stored.start))
    if len(np.unique(row * size + stored.targets)) != stored.size:
        return None
    rows = np.zeros((len(stored.start) - 1, size), np.int8)
    rows[row, stored.targets] = stored.values
    return rows


def _holds(bits: int, weights: object) -> bool:
    """Whether weights of so many bits can be these."""
    assert isinstance(weights, np.ndarray)
    if bits == 1:
        return bool(np.all(np.abs(weights.astype(np.int16)) == 1))
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return bool(np.all((weights >= low) & (weights <= high)))


def _sparse(rows: _Rows) -> SparseWeights:
    row, targets = np.nonzero(rows)
    start = np.searchsorted(row, np.arange(len(rows) + 1)).astype(np.int64)
    return SparseWeights(start=start, targets=targets.astype(np.int64), values=rows[row, targets])


def block_sizes(model: Model, index: int) -> Iterator[int]:
    """Other sizes of the blocks of a population that rest together, as powers of 2; 0: all of it."""
    population = model.populations[index]
    if population.kind is PopulationKind.DELAY:
        return
    tried = (0, *(block for block in _BLOCKS if population.size >= max(_SMALL, 2 ** (block + 1))))
    yield from (block for block in tried if block != population.block)


def kernels(model: Model, board: Board) -> Iterator[Mapping[str, str]]:
    """Choices of one more kernel's set, for kernels that a board can take from another set than it usually does."""
    chosen = kernel_sets(model)
    for name in (name for name in kernel_names(model) if name not in _LOADS):
        there = [own for own in _sets(board) if _has(own, name)]
        now = chosen.get(name, there[0])
        for own in there:
            if own != now:
                yield {**chosen, name: own} if own != there[0] else {k: v for k, v in chosen.items() if k != name}


def _sets(board: Board) -> tuple[str, ...]:
    return (*board.kernels, *(() if "ref" in board.kernels else ("ref",)))


def _has(own: str, name: str) -> bool:
    return any((data_path("csrc") / "kernels" / own / f"{name}{suffix}").exists() for suffix in (".S", ".c"))
