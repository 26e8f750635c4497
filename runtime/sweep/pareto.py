"""Which points of a sweep are worth having: no other one is better in all that counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["pareto"]


def pareto(found: Sequence[Mapping[str, Any]], costs: Sequence[str] = ("bytes", "instructions")) -> list[int]:
    """Indices of the results that no other one beats, by accuracy and costs; of equal ones the first.

    Args:
        found: results with an `accuracy`, which should be large, and costs, which should be small; those without
            an accuracy are left out, and a cost that is None counts as equal.
        costs: their names.

    Returns:
        Ascending by the last cost, then by the others.
    """
    usable = [index for index, entry in enumerate(found) if entry.get("accuracy") is not None]
    scores = {
        index: (-float(found[index]["accuracy"]), *(float(found[index].get(name) or 0) for name in costs))
        for index in usable
    }
    kept = [index for index in usable if not any(_beats(scores, other, index) for other in usable)]
    return sorted(kept, key=lambda index: (*scores[index][:0:-1], scores[index][0], index))


def _beats(scores: Mapping[int, tuple[float, ...]], one: int, other: int) -> bool:
    a, b = scores[one], scores[other]
    if a == b:
        return one < other
    return all(x <= y for x, y in zip(a, b, strict=True))
