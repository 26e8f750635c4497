"""Whether a model fits a board, and what a tick or an inference costs there: known before anything is flashed."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace

import numpy as np

from spikelet import board_files
from spikelet.board_files import Board
from spikelet.emulator import EmulatedBoard, emulate
from spikelet.errors import BoardError
from spikelet.events import EVENT, EventArray
from spikelet.firmware import Build, build
from spikelet.graded.budget import GradedCost, graded_cost
from spikelet.graded.model import GradedModel
from spikelet.model import Encoder, InputPort, Model, Population, PopulationKind, Projection, SparseWeights

__all__ = ["Cost", "Fit", "cost", "counting_board", "fit", "require_counting", "worst_case"]

_SETTLE = 4
_DECAYS = ("decay_v", "decay_u", "decay_a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Instructions of the engine for one tick, counted in the emulation of `board`.

    `worst` is a tick in which every input neuron and every neuron fires, with several spikes where that is
    allowed; `idle` one without input, after the network has settled.
    """

    board: str
    worst: int
    idle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A model built into a board's firmware, and its cost; None where no emulator counts this core.

    `cost` is a GradedCost of a graded network.
    """

    board: Board
    build: Build
    cost: Cost | GradedCost | None

    def __str__(self) -> str:
        made, stack = self.build, self.build.stack
        lines = [
            f"{self.board.title}, {made.compiler} -O{made.optimise}",
            f"flash: {made.flash.used:,} of {made.flash.length:,} bytes, {made.image:,} of them the image",
            f"RAM: {made.ram.used:,} of {made.ram.length:,} bytes, {self.board.stack:,} of them kept for the stack",
            f"stack: {f'at most {stack.bytes:,} bytes' if stack.bytes is not None else stack.reason}",
        ]
        if isinstance(self.cost, GradedCost):
            ms = 1000 * self.cost.instructions / self.board.clock_hz
            lines.append(
                f"an inference: {self.cost.instructions:,.0f} instructions, {ms:.3g} ms at one a cycle"
                f" ({self.cost.inputs})"
            )
        elif self.cost is not None:
            ms = 1000 * self.cost.worst / self.board.clock_hz
            lines += [
                f"worst tick: {self.cost.worst:,} instructions, {ms:.3g} ms at one a cycle",
                f"idle tick: {self.cost.idle:,} instructions",
            ]
        return "\n".join(lines)


def fit(model: Model | GradedModel, board: str | Board, *, compiler: str = "auto", count: bool = True) -> Fit:
    """Build firmware with the model in it, and count.

    Args:
        model: to build in.
        board: a board's name.
        compiler: "gcc", "zig" or "auto".
        count: whether to count instructions, of a graded network on inputs drawn at random; that starts emulators.

    Raises:
        BoardError: unknown board, no compiler, or it does not fit: by how many bytes, in which memory.
    """
    target = board_files.load(board)
    made = build(target, model=model, compiler=compiler)
    twin = counting_board(target) if count else None
    if twin is None:
        return Fit(board=target, build=made, cost=None)
    if isinstance(model, GradedModel):
        return Fit(board=target, build=made, cost=graded_cost(model, twin, compiler=compiler))
    return Fit(board=target, build=made, cost=cost(model, twin, compiler=compiler))


def counting_board(board: Board) -> Board | None:
    """A board with the same core and kernels whose emulator counts instructions; None: there is none installed."""
    if importlib.util.find_spec("unicorn") is None:
        return None
    if board.emulator.get("kind") == "unicorn":
        return board
    others = [board_files.load(name) for name in board_files.names()]
    counting = [other for other in others if other.emulator.get("kind") == "unicorn"]
    return next((o for o in counting if (o.core, o.kernels) == (board.core, board.kernels)), None)


def require_counting(board: str | Board) -> None:
    """Refuse a board whose emulator does not count instructions, before anything is built.

    Raises:
        BoardError: says which board has the same core and counts; or the board is unknown.
    """
    target = board_files.load(board)
    if target.emulator.get("kind") != "unicorn":
        twin = counting_board(target)
        hint = f"take {twin.name}, which has the same core" if twin else "take one of Unicorn's (spikelet boards)"
        raise BoardError(f"no emulator counts the instructions of {target.name}: {hint}")


def cost(model: Model, board: Board, *, compiler: str = "auto") -> Cost:
    """Count the worst tick and an idle tick on a board of Unicorn's.

    Raises:
        BoardError: no compiler or emulator, or the model does not fit.
    """
    with emulate(model, board, compiler=compiler, embed=True) as running:
        running.advance(_SETTLE)
        idle = _one_tick(running)
    with emulate(worst_case(model), board, compiler=compiler, embed=True) as running:
        worst = 0
        lines = sum(population.kind is PopulationKind.DELAY for population in model.populations)
        for tick in range(_SETTLE + lines):
            for index, port in enumerate(running.model.inputs):
                _flood(running, port, index, tick)
            worst = max(worst, _one_tick(running))
            for index in range(len(running.model.outputs)):
                running.take(index)
    return Cost(board=board.name, worst=worst, idle=idle)


def _one_tick(running: EmulatedBoard) -> int:
    running.instructions(reset=True)
    running.advance(1)
    return running.instructions().engine


def _flood(running: EmulatedBoard, port: InputPort, index: int, tick: int) -> None:
    """As many events as the port takes in a tick."""
    if port.encoder is not Encoder.EVENTS:
        running.push_frame(np.full(port.size, 255, np.uint8), index)
        return
    value = min(2, port.max_value)
    count = max(1, min(port.size, port.capacity, port.max_sum // value))
    events: EventArray = np.zeros(count, EVENT)
    events["tick"], events["neuron"], events["value"] = tick, np.arange(count), min(value, port.max_sum)
    running.push(events, index)


def worst_case(model: Model) -> Model:
    """A model of the same shape whose every neuron fires in every tick: no kernel's way depends on a weight.

    Delays are at most 1, so that a few ticks are enough until all of it fires.
    """
    return replace(
        model,
        populations=tuple(_always(population) for population in model.populations),
        projections=tuple(_empty(projection) for projection in model.projections),
        inputs=tuple(_dense(port) for port in model.inputs),
        meta={},
    )


def _always(population: Population) -> Population:
    """At rest at 0, which is above the threshold; a second spike where several are allowed."""
    if population.kind is PopulationKind.DELAY:
        return replace(population, parameters={"delay": np.minimum(population.parameters["delay"], 1)})
    kept = {name: population.parameters[name] for name in _DECAYS if name in population.parameters}
    choices = population.choices
    if choices.fires:
        kept["fire_above"] = np.full(1, -2 if choices.several and population.max_count > 1 else -1, np.int32)
    return replace(population, parameters=kept)


def _dense(port: InputPort) -> InputPort:
    """With an encoder whose every pixel of 255 fires; which encoder, stays: its work counts."""
    return port if port.encoder is Encoder.EVENTS else replace(port, gain=65536)


def _empty(projection: Projection) -> Projection:
    """Weights of 0, or of 1 where no 0 is stored; they move no potential below the threshold."""
    weights = projection.weights
    if isinstance(weights, SparseWeights):
        weights = replace(weights, values=np.ones_like(weights.values))
    elif weights is not None:
        weights = np.ones_like(weights) if projection.bits == 1 else np.zeros_like(weights)
    delays = projection.delays if projection.delays is None else np.minimum(projection.delays, 1)
    return replace(projection, weights=weights, delays=delays)
