"""How a matrix with zeros is stored: dense rows, sparse rows, or sparse rows in blocks of four; by counted costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, sparray

from spikelet.converters.nodes import FloatArray
from spikelet.model import ProjectionKind, SparseWeights

__all__ = ["FOURS_BELOW", "ROWS", "SPARSE_BELOW", "RowCost", "blocks_of_rows", "is_sparse", "kind_of"]

#: Part of the weights that are not 0 up to which sparse rows are taken: "fast" where they need fewer instructions
#: than dense ones on every core (docs/explanation/kernels.md, 8.3 % on Cortex-M4; there they are smaller too),
#: "small" where they have fewer bytes.
SPARSE_BELOW: Mapping[str, float] = {"fast": 0.083, "small": 0.45}
#: The same of blocks of four targets that have a weight.
FOURS_BELOW: Mapping[str, float] = {"fast": 0.2, "small": 0.75}
_BYTES = {ProjectionKind.SPARSE: 2, ProjectionKind.SPARSE4: 5}
#: Blocks are taken where they save a fifth of the instructions of sparse rows: they may take more bytes.
_SAVES = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCost:
    """What a projection costs on Cortex-M4 [instructions].

    `tick` and `target`: a tick with events, and each target neuron in it; `event` and `each`: an event, and each
    target (dense), weight (sparse) or block (sparse4) of its row.
    """

    tick: float
    target: float
    event: float
    each: float

    def of_ticks(self, targets: int, sent: FloatArray, stored: npt.NDArray[np.int64]) -> float:
        """The mean of a tick.

        Args:
            targets: neurons.
            sent: events of each source in a tick, in the mean, shape (sources,).
            stored: what each source's row has, shape (sources,).
        """
        busy = min(1.0, float(sent.sum()))
        return float(busy * (self.tick + self.target * targets) + np.sum(sent * (self.event + self.each * stored)))


#: Fitted to counts of 5 to 90 events a tick, gcc -O2 (benchmarks/sparse.py; a test compares).
ROWS: Mapping[ProjectionKind, RowCost] = {
    ProjectionKind.DENSE: RowCost(tick=169, target=2.72, event=5.6, each=0.634),
    ProjectionKind.SPARSE: RowCost(tick=68, target=0, event=48.0, each=7.01),
    ProjectionKind.SPARSE4: RowCost(tick=90, target=0, event=19.1, each=8.84),
}


def blocks_of_rows(matrix: sparray | FloatArray) -> npt.NDArray[np.int64]:
    """How many blocks of four targets of each row have a weight, int64, shape (rows,)."""
    rows, targets = matrix.nonzero()
    wide = -(-matrix.shape[1] // 4)
    there = np.unique(rows.astype(np.int64) * wide + targets // 4)
    counts: npt.NDArray[np.int64] = np.bincount(there // wide, minlength=matrix.shape[0])
    return counts


def is_sparse(matrix: csr_array | FloatArray, wish: str) -> bool:
    """Whether a matrix (sources, targets) is better stored as sparse rows, of one kind or the other.

    Args:
        matrix: weights.
        wish: "fast" or "small".
    """
    elements = matrix.shape[0] * matrix.shape[1]
    n = int(np.count_nonzero(matrix) if isinstance(matrix, np.ndarray) else matrix.count_nonzero())
    if n <= SPARSE_BELOW[wish] * elements:
        return True
    if n > FOURS_BELOW[wish] * elements:
        return False
    blocks = int(blocks_of_rows(matrix).sum())
    return bool(4 * blocks <= FOURS_BELOW[wish] * elements)


def kind_of(weights: SparseWeights, wish: str) -> ProjectionKind:
    """Sparse rows of single weights, or in blocks of four.

    Args:
        weights: whole numbers, in the engine's order.
        wish: "fast" or "small".
    """
    row = np.repeat(np.arange(len(weights.start) - 1), np.diff(weights.start))
    blocks = len(np.unique(np.stack([row, weights.targets // 4]), axis=1).T) if len(row) else 0
    single, four = ProjectionKind.SPARSE, ProjectionKind.SPARSE4
    if wish == "small":
        return four if _BYTES[four] * blocks < _BYTES[single] * weights.size else single
    return four if ROWS[four].each * blocks < _SAVES * ROWS[single].each * weights.size else single
