"""What a graded network takes on a board: flash, RAM, and instructions of an inference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelet import board_files
from spikelet.board_files import Board
from spikelet.graded.data import GradedDataSet
from spikelet.graded.image import encode
from spikelet.graded.memory import arena_size
from spikelet.graded.model import GradedModel
from spikelet.graded.runner import IntArray

__all__ = ["GradedBudget", "GradedCost", "graded_budget", "graded_cost", "random_inputs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedBudget:
    """Bytes that a network takes of a board, without firmware: its image of the flash, its arena of the RAM.

    `stack` is what the board keeps for it.
    """

    board: Board
    image: int
    arena: int
    stack: int

    @property
    def flash_length(self) -> int:
        """Bytes of flash; a built firmware has the place for models, too."""
        return self.board.flash.length + (self.board.slot.length if self.board.slot else 0)

    @property
    def flash_spare(self) -> int:
        """Bytes of flash that are left for firmware; below 0: missing."""
        return self.flash_length - self.image

    @property
    def ram_spare(self) -> int:
        """Bytes of RAM that are left for variables; below 0: missing."""
        return self.board.ram.length - self.arena - self.stack

    @property
    def missing(self) -> str:
        """What does not fit, in words; empty: the network does."""
        said = [
            f"{-spare:,} bytes of {memory} are missing ({needed:,} needed, {length:,} there)"
            for memory, spare, needed, length in (
                ("flash", self.flash_spare, self.image, self.flash_length),
                ("RAM", self.ram_spare, self.arena + self.stack, self.board.ram.length),
            )
            if spare < 0
        ]
        return "; ".join(said)

    def as_data(self) -> dict[str, Any]:
        """All of it, JSON-like."""
        return {
            "board": self.board.name,
            "fits": not self.missing,
            **({"reason": self.missing} if self.missing else {}),
            "flash": {"model": self.image, "length": self.flash_length, "spare": self.flash_spare},
            "ram": {
                "model": self.arena,
                "stack": self.stack,
                "length": self.board.ram.length,
                "spare": self.ram_spare,
            },
        }


def graded_budget(model: GradedModel, board: str | Board) -> GradedBudget:
    """Tell what a network takes of a board; nothing is built.

    Raises:
        BoardError: unknown board.
        ModelError: the model breaks a rule.
    """
    target = board_files.load(board)
    return GradedBudget(board=target, image=len(encode(model)), arena=arena_size(model), stack=target.stack)


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedCost:
    """Instructions of an inference, counted in the emulation of `board`: the mean over `inferences`.

    `inputs` tells what was run, in words.
    """

    board: str
    instructions: float
    inferences: int
    inputs: str


def random_inputs(model: GradedModel, seed: int = 0) -> tuple[IntArray, ...]:
    """Numbers drawn at random from all that the inputs can hold."""
    rng = np.random.default_rng(seed)
    found = []
    for port in model.inputs:
        tensor = model.tensors[port.tensor]
        limits = np.iinfo(tensor.type.dtype)
        found.append(rng.integers(limits.min, limits.max, tensor.shape, tensor.type.dtype, endpoint=True))
    return tuple(found)


def graded_cost(
    model: GradedModel,
    board: Board,
    *,
    data: GradedDataSet | None = None,
    compiler: str = "auto",
    progress: Callable[[int], object] = lambda _: None,
) -> GradedCost:
    """Count the engine's instructions of an inference on a board of Unicorn's.

    Args:
        model: the network.
        board: that counts.
        data: samples to count with; None: one inference of numbers drawn at random.
        compiler: for its firmware.
        progress: called with 1 after each sample.

    Raises:
        BoardError: no compiler or emulator, or the network does not fit.
    """
    from spikelet.emulator import emulate

    total = inferences = 0
    with emulate(model, board, compiler=compiler, embed=True) as running:
        for index in range(len(data) if data is not None else 1):
            if model.variables:
                running.reset()
            for inputs in data.inputs(index) if data is not None else [random_inputs(model)]:
                running.instructions(reset=True)
                running.infer(*inputs)
                total += running.instructions().engine
                inferences += 1
            progress(1)
    what = (
        "numbers drawn at random"
        if data is None
        else f"{len(data)} {'sample' if len(data) == 1 else 'samples'} of {data.name}"
    )
    return GradedCost(board=board.name, instructions=total / inferences, inferences=inferences, inputs=what)
