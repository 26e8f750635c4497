"""What whole samples take on a board: instructions, modelled from costs that were counted on its core."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from spikelet import board_files, budget_costs, toolchain
from spikelet.board_files import Board
from spikelet.budget_rates import measured
from spikelet.budget_terms import Work
from spikelet.datasets import DataSet
from spikelet.errors import BoardError
from spikelet.model import Model

__all__ = ["sample_instructions"]


def sample_instructions(
    model: Model,
    board: str | Board,
    data: DataSet,
    *,
    ticks: npt.NDArray[np.int64],
    compiler: str = "auto",
    progress: Callable[[int], object] = lambda _: None,
) -> float | None:
    """Instructions of a sample in the mean, as `budget` models them, without what pushes its events.

    Args:
        model: what runs.
        board: a board's name.
        data: samples.
        ticks: how many of each are run, shape (samples,).
        compiler: whose code is counted: "gcc", "zig", or "auto": as firmware would be built here.
        progress: called with 1 after each sample.

    Returns:
        Their mean; None: nobody has counted for this core.

    Raises:
        BoardError: unknown board.
    """
    target = board_files.load(board)
    kind = next(iter(toolchain.available(target.arch)), "gcc") if compiler == "auto" else compiler
    try:
        costs = budget_costs.load(target, kind)
    except BoardError:
        return None
    load = measured(Work(model, target.kernels), data, ticks=ticks, progress=progress)
    return sum(load.cost(costs.terms).values()) / max(load.samples, 1)
