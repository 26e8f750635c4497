"""Where random models draw from: whole numbers, of hypothesis or of a numpy generator."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from spikelet.model import V_MAX

__all__ = ["HUGE", "REGIMES", "TINY", "USUAL", "Chance", "Regime"]

T = TypeVar("T")


class Chance:
    """Draws whole numbers; everything else is made from them."""

    def __init__(self, integer: Callable[[int, int], int]) -> None:
        self.integer = integer

    def flag(self, one_in: int = 2) -> bool:
        """True once in so many draws; shrinks to False."""
        return self.integer(0, one_in - 1) == one_in - 1

    def pick(self, values: Sequence[T]) -> T:
        """One of several; shrinks to the first."""
        return values[self.integer(0, len(values) - 1)]

    def rng(self) -> np.random.Generator:
        """For arrays, of which single numbers need not shrink."""
        return np.random.default_rng(self.integer(0, 2**31))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Regime:
    """Sizes of numbers: `tiny` makes v meet thresholds exactly, `huge` saturates."""

    name: str
    frac: tuple[int, int]
    weight: int
    value: int
    threshold: int
    bias: int


#: Thresholds and biases in weight units; in `huge` their scale is that of V_MAX.
TINY = Regime(name="tiny", frac=(0, 2), weight=3, value=2, threshold=5, bias=1)
USUAL = Regime(name="usual", frac=(3, 12), weight=127, value=3, threshold=300, bias=12)
HUGE = Regime(name="huge", frac=(12, 20), weight=127, value=32767, threshold=V_MAX, bias=V_MAX)
REGIMES = (TINY, USUAL, HUGE)
