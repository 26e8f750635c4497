"""What the terms of a tick cost on a core: counted by `python -m benchmarks.costs`, kept in boards/costs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from spikelet._data import path as data_path
from spikelet.board_files import Board
from spikelet.errors import BoardError

__all__ = ["Costs", "costs_folder", "load", "write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Costs of a core's terms [instructions], of the engine built at -O2.

    `compiler` is "gcc" or "zig", `version` what it says it is.
    """

    core: str
    kernels: tuple[str, ...]
    compiler: str
    version: str
    terms: Mapping[str, float]


def costs_folder() -> Path:
    """Where costs are kept: a file for each core and compiler."""
    return data_path("boards") / "costs"


def write(costs: Costs, folder: Path) -> None:
    """Keep costs."""
    folder.mkdir(exist_ok=True)
    (folder / _file(costs.kernels, costs.core, costs.compiler)).write_text(json.dumps(asdict(costs), indent=1) + "\n")


def load(board: Board, compiler: str) -> Costs:
    """The costs on a board's core.

    Raises:
        BoardError: nobody has counted for this core, these kernels and this compiler.
    """
    file = costs_folder() / _file(board.kernels, board.core, compiler)
    if not file.exists():
        raise BoardError(f"no costs of {board.core} with kernels {', '.join(board.kernels)} built by {compiler}")
    found = json.loads(file.read_text())
    return Costs(**{**found, "kernels": tuple(found["kernels"])})


def _file(kernels: tuple[str, ...], core: str, compiler: str) -> str:
    return f"{core}-{kernels[0]}-{compiler}.json"
