"""What the converter takes rows to cost, against counts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from benchmarks import sparse

from spikelet.converters.layouts import ROWS
from spikelet.model import Projection, ProjectionKind
from support.tools import need

#: How far a count may be from what the converter takes.
TOLERANCE = 0.08
SIZE, EVENTS, TICKS = 256, 30, 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "each"),
    [
        (sparse.dense, lambda synops: synops),
        (lambda: sparse.sparse(0.05), lambda synops: synops),
        (lambda: sparse.fours(0.2), lambda synops: synops / 4),
    ],
    ids=["dense", "sparse", "blocks of four"],
)
def test_a_row_costs_what_the_converter_takes_it_to_cost(
    made: Callable[[], Projection], each: Callable[[float], float]
) -> None:
    """Cortex-M4, thirty events a tick."""
    need("cortex-m4", "gcc")
    projection = made()
    found = sparse.count("M4", projection)
    stored = each(found.synops / TICKS / EVENTS)
    taken = ROWS[ProjectionKind(projection.kind)].of_ticks(
        SIZE, np.full(SIZE, EVENTS / SIZE), np.full(SIZE, round(stored))
    )

    assert abs(taken * TICKS - found.instructions) < TOLERANCE * found.instructions
