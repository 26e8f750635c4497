"""The counts of the last accepted state: docs/reference/counts.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from spikelet._data import path as data_path

__all__ = ["FILE", "SAMPLES", "TOLERANCE", "Change", "Key", "compare", "known", "read", "write"]

#: Samples that recorded figures of spiking networks are of.
SAMPLES = 5
#: How much a line may grow [%].
TOLERANCE = 2
#: Where they are.
FILE = data_path("docs") / "reference" / "counts.json"
_SEPARATOR = " | "


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What a count is of.

    Args:
        subject: what is counted, such as "instructions".
        core: as in tables, such as "M4".
        compiler: with its version: another version is another compiler. Empty where it makes no difference.
        case: network or model.
        data: what the network was given, or how it was built.
    """

    subject: str
    core: str
    compiler: str
    case: str
    data: str = ""

    def __str__(self) -> str:
        return _SEPARATOR.join((self.subject, self.core, self.compiler, self.case, self.data))


@dataclass(frozen=True, slots=True)
class Change:
    """A line that is not what it was."""

    key: Key
    before: int
    after: int

    @property
    def share(self) -> float:
        """By how much of what it was it grew; negative: it shrank."""
        return self.after / self.before - 1 if self.before else float("inf")

    @property
    def fails(self) -> bool:
        """It grew by more than is allowed."""
        return 100 * (self.after - self.before) > TOLERANCE * self.before

    def __str__(self) -> str:
        return f"{self.key}: {self.before:,} before, {self.after:,} now ({100 * self.share:+.2f} %)"


def read(file: Path = FILE) -> dict[Key, int]:
    """All counts; none before the first update."""
    if not file.exists():
        return {}
    return {Key(*name.split(_SEPARATOR)): n for name, n in json.loads(file.read_text()).items()}


def write(counts: Mapping[Key, int], file: Path = FILE) -> None:
    """Replace the record."""
    lines = {str(key): counts[key] for key in sorted(counts)}
    file.write_text(json.dumps(lines, indent=0, ensure_ascii=False) + "\n")


def known(compilers: Iterable[str], recorded: Mapping[Key, int]) -> set[str]:
    """Those compilers that the record has lines of."""
    return {key.compiler for key in recorded} & set(compilers)


def compare(found: Mapping[Key, int], recorded: Mapping[Key, int]) -> list[Change]:
    """The lines of both that differ, those that grew most first."""
    changes = [Change(key, recorded[key], n) for key, n in found.items() if recorded.get(key, n) != n]
    return sorted(changes, key=lambda change: (-change.share, change.key))
