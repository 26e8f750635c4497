"""Costs of terms by least squares over counted ticks: none is below 0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from benchmarks.costs.runs import Row
from scipy.optimize import nnls

__all__ = ["cost_of", "fit"]

#: Terms that cost instructions in a part of the engine, by their first word.
_PARTS: Mapping[str, tuple[str, ...]] = {
    "neurons": ("plain", "if", "any", "blocks"),
    "projections": (
        *("dense", "list", "graded", "rows", "rows8", "rows4", "rows2", "rows1", "codes", "map"),
        *("conv", "runs", "many", "sparse", "sparse4", "feed", "late", "line"),
    ),
    "frame": ("tick", "rest", "asked", "sample", "input", "encode", "population", "output", "decode"),
    "push": ("push", "frame"),
}
#: Ticks of fewer instructions weigh as much as one of these.
_LEAST = 100


def fit(rows: Sequence[Row]) -> dict[str, float]:
    """Costs of all terms [instructions]; a part's ticks weigh by their relative error."""
    found: dict[str, float] = {}
    for part, words in _PARTS.items():
        own = {(row.counted, _items(row, words)) for row in rows if row.part == part}
        lines = sorted(own)
        names = sorted({name for _, items in lines for name, _ in items})
        column = {name: index for index, name in enumerate(names)}
        matrix = np.zeros((len(lines), len(names)))
        for at, (_, items) in enumerate(lines):
            for name, times in items:
                matrix[at, column[name]] = times
        counted = np.array([count for count, _ in lines], float)
        weight = 1 / np.maximum(counted, _LEAST)
        costs, _ = nnls(matrix * weight[:, None], counted * weight, maxiter=100 * len(names))
        found |= dict(zip(names, np.round(costs, 3).tolist(), strict=True))
    return dict(sorted(found.items()))


def _items(row: Row, words: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((name, n) for name, n in row.terms.items() if n and name.partition(".")[0] in words))


def cost_of(row: Row, costs: Mapping[str, float]) -> float:
    """What a row should cost."""
    return sum(costs.get(name, 0.0) * n for name, n in _items(row, _PARTS[row.part]))
