"""A sweep's points in words, for tables and pictures."""

from __future__ import annotations

from spikelet.sweep.axes import Point

__all__ = ["value_of", "words"]


def words(point: Point, *, apart: str = ", ") -> str:
    """What a point is, such as "4 bits, 10 ticks, thresholds x 0.9"."""
    said = [value_of(name, value) for name, value in point.said().items()]
    return apart.join(said) or "as converted"


def value_of(name: str, value: object) -> str:
    """A value of an axis."""
    match name:
        case "bits":
            return "bits chosen (auto)" if value == "auto" else f"{value} {'bit' if value == 1 else 'bits'}"
        case "ticks":
            return f"{value} ticks"
        case "threshold":
            return f"thresholds x {value:g}"
        case "early_exit":
            return "all ticks" if value == "off" else f"early exit {value}"
        case _:
            if value == "auto":
                return "pruned as data allow"
            return f"{100 * float(str(value)):g} % pruned" if value else "not pruned"
