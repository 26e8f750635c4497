"""The figures of the last accepted state: record.json beside this file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from spikelet import board_files, toolchain

__all__ = ["FILE", "SAMPLES", "TOLERANCE", "key", "read", "write"]

#: Samples that the recorded figures are of.
SAMPLES = 5
#: How far a figure may be from the record.
TOLERANCE = 0.005
#: Where they are.
FILE = Path(__file__).with_name("record.json")


def key(core: str, compiler: str, name: str, data: str) -> str:
    """What a figure is of. Another version of a compiler is another compiler."""
    from benchmarks.instructions.machine import CORES

    version = toolchain.find(board_files.load(CORES[core]).arch, compiler).version
    return ", ".join(part for part in (core, version, name, data) if part)


def read(file: Path = FILE) -> dict[str, int]:
    """All figures; none before the first --update."""
    figures: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    return figures


def write(found: Mapping[str, int], file: Path = FILE) -> None:
    """Replace or add figures."""
    file.write_text(json.dumps(dict(sorted({**read(file), **found}.items())), indent=2) + "\n")
