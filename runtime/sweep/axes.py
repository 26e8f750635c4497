"""What a sweep varies: its axes, and the points between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from spikelet.errors import DataError

__all__ = ["Axes", "Kind", "Point"]

#: Kinds of networks, and which axes mean something for them.
Kind = str
_MEANT: Mapping[Kind, tuple[str, ...]] = {
    "spiking": ("bits", "ticks", "thresholds", "early_exit", "prune"),
    "float": ("bits",),
    "rates": ("ticks", "early_exit"),
    "int8": (),
}
_WHY: Mapping[Kind, str] = {
    "float": "a float .tflite file becomes int8: only --bits means something (--spikes has --ticks and --early-exit)",
    "rates": "a .tflite file as spikes (--spikes) has --ticks and --early-exit",
    "int8": "an int8 .tflite file is converted as it is, so there is nothing to sweep: give the float file for --bits,"
    " or add --spikes for --ticks and --early-exit",
}
_NAMES = {"bits": "bits", "ticks": "ticks", "thresholds": "threshold", "early_exit": "early_exit", "prune": "prune"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One way of converting; None: as the conversion does without being told.

    `bits` of a weight, a number or "auto"; `ticks` of a sample; `threshold` is what thresholds are multiplied by;
    `early_exit` a margin, "auto" or "off"; `prune` the part of the weights that is left out, or "auto".
    """

    bits: int | str | None = None
    ticks: int | None = None
    threshold: float | None = None
    early_exit: int | str | None = None
    prune: float | str | None = None

    def said(self) -> dict[str, Any]:
        """What is not None, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """What is varied; an empty axis is not.

    Args:
        bits: of weights: 8, 4, 2, 1, or "auto".
        ticks: windows of a sample [ticks].
        thresholds: factors of all thresholds.
        early_exit: margins by which samples end early; "auto": chosen on data, "off": they do not.
        prune: parts of the weights that are left out, 0: none; "auto": what data allow.
    """

    bits: tuple[int | str, ...] = ()
    ticks: tuple[int, ...] = ()
    thresholds: tuple[float, ...] = ()
    early_exit: tuple[int | str, ...] = ()
    prune: tuple[float | str, ...] = ()

    def points(self) -> Iterator[Point]:
        """All combinations, each once, in order."""
        axes = [dict.fromkeys(getattr(self, name)) or (None,) for name in _NAMES]
        for values in product(*axes):
            yield Point(**dict(zip(_NAMES.values(), values, strict=True)))

    def check(self, kind: Kind) -> None:
        """Refuse axes and values that mean nothing.

        Args:
            kind: of the network: "spiking"; of a .tflite file "float", "int8", or as spikes "rates".

        Raises:
            DataError: says which, and what there is.
        """
        given = [name for name in _NAMES if getattr(self, name)]
        wrong = [name for name in given if name not in _MEANT[kind]]
        if wrong or not _MEANT[kind]:
            said = ", ".join(f"--{name.replace('_', '-')}" for name in wrong) or "this network"
            raise DataError(f"{said}: {_WHY[kind]}")
        if not given:
            raise DataError("nothing to sweep: give values of an axis, such as --bits 8,4,2 or --ticks 10,25")
        bits = {8, 4, 2, "auto"} if kind == "float" else {8, 4, 2, 1, "auto"}
        self._each("bits", self.bits, lambda v: v in bits, ", ".join(map(str, sorted(bits, key=str))))
        self._each("ticks", self.ticks, lambda v: 1 <= v <= 65535, "1 to 65535")
        self._each("thresholds", self.thresholds, lambda v: 0 < v < 1000, "factors above 0, below 1000")
        words = ("auto", "off")
        words = ("auto", "off")
        margin = "auto, off, or a margin of 0 and more"
        self._each("early-exit", self.early_exit, lambda v: v in words or (isinstance(v, int) and v >= 0), margin)
        self._each("prune", self.prune, lambda v: v == "auto" or 0 <= float(v) < 1, "auto, or 0 to below 1")

    @staticmethod
    def _each(name: str, values: tuple[Any, ...], allowed: Any, text: str) -> None:
        for value in values:
            if not allowed(value):
                raise DataError(f"--{name}: found {value}; allowed: {text}")
