"""One network on this host beside plain C and frameworks: what benchmarks/host of a checkout times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spikelet import bench_child as child

__all__ = ["FRAMEWORKS", "Missing", "Row", "Times", "time"]

FRAMEWORKS = ("snntorch", "norse", "sinabs", "spikingjelly", "brian2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A program: the best of its rounds.

    Args:
        seconds: of a sample [s]; on several cores of one of them, when all work.
        equal: the part of the predictions that are plain C's; of plain C and the engine 1 when all numbers are equal.
        exact: whether all scores and membranes were compared, too.
    """

    name: str
    seconds: float
    equal: float
    batch: int
    cores: int
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What was not timed, and what to do about it."""

    name: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """All rows, and what they were timed with."""

    head: dict[str, Any]
    rows: Sequence[Row]
    missing: Sequence[Missing]

    def ratio(self, row: Row) -> float | None:
        """How many times faster than plain C a row is; None where there is no plain C."""
        plain = [other.seconds for other in self.rows if other.name == "plain C"]
        return plain[0] / row.seconds if plain else None


def time(frameworks: Sequence[str] = (), *, samples: int = 100, rounds: int = 20) -> Times:
    """Time; frameworks of FRAMEWORKS, none: all.

    Raises:
        SpikeletError: not a checkout of the project.
    """
    words = ["--samples", str(samples), "--rounds", str(rounds)]
    words += [word for name in frameworks for word in ("--framework", name)]
    head, *lines = child.count("benchmarks.host", words)
    rows, missing = [], []
    for line in lines:
        kind = line.pop("kind")
        if kind == "row":
            rows.append(Row(**line))
        else:
            missing.append(Missing(**line))
    head.pop("kind")
    return Times(head=head, rows=rows, missing=missing)
