"""How cost grows with one quantity, on an emulated core: what benchmarks/scaling of a checkout counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spikelet import bench_child as child

__all__ = ["CURVES", "Curve", "Point", "Scaling", "count", "slope"]

#: Quantities, and where they are counted.
CURVES: Mapping[str, Sequence[int]] = {
    "input events": [2**i for i in range(11)],
    "fan-out": [2**i for i in range(3, 13)],
    "neurons": [2**i for i in range(3, 13)],
    "neurons at rest": [2**i for i in range(3, 13)],
    "idle ticks": [4**i for i in range(10)],
}
#: Points that a slope is fitted to: the last ones, where what is there once no longer rules.
_FITTED = 4


@dataclass(frozen=True, slots=True)
class Point:
    """Instructions at a value of the quantity; plain C's None where they were not counted."""

    x: int
    ours: int
    plain: int | None


@dataclass(frozen=True, slots=True)
class Curve:
    """A quantity with its points."""

    name: str
    points: Sequence[Point]

    @property
    def ours(self) -> float:
        """The fitted slope."""
        return slope([(point.x, point.ours) for point in self.points])

    @property
    def plain(self) -> float:
        """That of plain C."""
        return slope([(point.x, point.plain) for point in self.points if point.plain is not None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """All curves of a core, and what they were counted with."""

    core: str
    compiler: str
    flags: str
    emulator: str
    curves: Sequence[Curve]


def slope(points: Sequence[tuple[int, int]]) -> float:
    """The exponent of growth: of a straight line through the last points of a log-log plot. 0 is flat, 1 linear."""
    x, y = np.log(np.asarray(points[-_FITTED:], np.float64)).T
    return round(float(np.polyfit(x, y, 1)[0]), 4) + 0.0


def count(core: str = "M4", *, compiler: str = "gcc") -> Scaling:
    """Count all curves.

    Args:
        core: of `bench_spiking.CORES`.
        compiler: "gcc" or "zig".

    Raises:
        SpikeletError: not a checkout of the project, or the compiler or emulator is missing.
    """
    head, *lines = child.count("benchmarks.scaling", ["--core", core, "--compiler", compiler])
    curves = [Curve(line["name"], [Point(**point) for point in line["points"]]) for line in lines]
    return Scaling(core=core, curves=curves, **head)
