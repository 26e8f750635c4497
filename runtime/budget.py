"""What a model takes on a board, layer by layer: flash, RAM, synaptic operations and instructions of a tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spikelet import board_files, budget_costs, toolchain
from spikelet.board_files import Board
from spikelet.budget_costs import Costs
from spikelet.budget_layers import NETWORK, Owner, layers_of, name_of
from spikelet.budget_memory import flash_by_layer, ram_by_layer
from spikelet.budget_rates import Load, assumed, measured, worst
from spikelet.budget_terms import Work
from spikelet.datasets import DataSet
from spikelet.errors import BoardError
from spikelet.model import Model, SparseWeights
from spikelet.report import kind_of

__all__ = ["ASSUMED", "Budget", "Layer", "Times", "budget"]

#: Part of the inputs and neurons that is assumed to fire in a typical tick.
ASSUMED = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What a tick takes: synaptic operations, instructions (None: nobody has counted for this core)."""

    synops: float
    instructions: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A population with the projections to it, a port, or what is no layer's.

    `weights` are those that are stored, of so many `bits` each. `flash` and `ram` are bytes by what they are
    for; `shared` are bytes of arrays that an earlier layer has too, and counts. `events` are those of a typical
    tick.
    """

    name: str
    part: str
    kind: str
    neurons: int
    weights: int
    bits: tuple[int, ...]
    flash: Mapping[str, int]
    ram: Mapping[str, int]
    shared: int
    events: float
    worst: Times
    typical: Times


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a model takes on a board.

    Bytes are exact: `image` and `work` (arena and largest frame) are what a firmware has. Instructions are
    modelled from costs that were counted on the board's core, for an engine built by `compiler` at -O2; `counted`
    is which core that was, None where nobody has. `assumption` says where typical ticks come from; `handing` is
    what an application's pushes take of a typical tick, which is not in `typical`.
    """

    board: Board
    compiler: str
    counted: str | None
    layers: tuple[Layer, ...]
    image: int
    work: int
    worst: Times
    typical: Times
    handing: float | None
    assumption: str

    def time(self, times: Times) -> float | None:
        """Seconds of a tick at one instruction a cycle."""
        return None if times.instructions is None else times.instructions / self.board.clock_hz

    def __str__(self) -> str:
        lines = [f"{self.board.title}: image {self.image:,} bytes, RAM {self.work:,} bytes; {self.assumption}"]
        for layer in self.layers:
            flash, ram = sum(layer.flash.values()), sum(layer.ram.values())
            lines.append(f"{layer.name}: flash {flash:,}, RAM {ram:,}, {_said(layer.worst)} at worst")
        return "\n".join([*lines, f"worst tick: {_said(self.worst)}", f"typical tick: {_said(self.typical)}"])


def _said(times: Times) -> str:
    counted = "" if times.instructions is None else f", {times.instructions:,.0f} instructions"
    return f"{times.synops:,.0f} synaptic operations{counted}"


def budget(
    model: Model,
    board: str | Board,
    *,
    compiler: str = "auto",
    data: DataSet | None = None,
    part: float = ASSUMED,
    progress: Any = lambda _: None,
) -> Budget:
    """Tell what a model takes on a board, without building anything.

    Args:
        model: to look at.
        board: a board's name.
        compiler: whose code is counted: "gcc", "zig", or "auto": as firmware would be built here.
        data: samples that are run on this host to see how busy a typical tick is.
        part: without data: the part of inputs and neurons that fires in a tick.
        progress: called with 1 after each sample.

    Raises:
        BoardError: unknown board.
        ModelError: the model breaks a rule.
    """
    target = board_files.load(board)
    costs = _costs(target, compiler)
    terms = costs.terms if costs else {}
    work = Work(model, target.kernels)
    most = worst(model, lambda flooded: Work(flooded, target.kernels), terms)
    usual = measured(work, data, progress=progress) if data is not None else assumed(work, part)
    flash, ram = flash_by_layer(model), ram_by_layer(model)
    layers = []
    for owner in layers_of(model):
        layers.append(
            Layer(
                name=name_of(model, owner),
                part=owner[0],
                **_weights(model, owner),
                flash=flash[owner].items,
                ram=ram[owner].items,
                shared=flash[owner].shared,
                events=usual.events[owner] / usual.ticks,
                worst=_times(most, terms, owner),
                typical=_times(usual, terms, owner),
            )
        )
    return Budget(
        board=target,
        compiler=costs.version if costs else "",
        counted=costs.core if costs else None,
        layers=tuple(layers),
        image=sum(own.total for own in flash.values()),
        work=sum(own.total for own in ram.values()),
        worst=_sum([layer.worst for layer in layers]),
        typical=_sum([layer.typical for layer in layers]),
        handing=usual.handed_cost(terms) / usual.ticks if costs and data is not None else None,
        assumption=_assumption(usual, data, part),
    )


def _costs(board: Board, compiler: str) -> Costs | None:
    if compiler == "auto":
        compiler = next(iter(toolchain.available(board.arch)), "gcc")
    try:
        return budget_costs.load(board, compiler)
    except BoardError:
        return None


def _assumption(load: Load, data: DataSet | None, part: float) -> str:
    if data is None:
        return f"typical ticks are assumed: {100 * part:g} % of inputs and neurons fire in each"
    return f"typical ticks are those of {load.samples} samples of {data.name}: {load.ticks:,} ticks"


def _times(load: Load, terms: Mapping[str, float], owner: Owner) -> Times:
    cost = load.cost(terms).get(owner, 0.0) / load.ticks if terms else None
    return Times(synops=load.synops[owner] / load.ticks, instructions=cost)


def _sum(times: list[Times]) -> Times:
    costs = [own.instructions for own in times if own.instructions is not None]
    return Times(synops=sum(own.synops for own in times), instructions=sum(costs) if costs else None)


def _weights(model: Model, owner: Owner) -> dict[str, Any]:
    """Kind, neurons, weights and their bits."""
    part, index = owner
    if owner == NETWORK:
        return {"kind": "", "neurons": 0, "weights": 0, "bits": ()}
    if part == "input":
        port = model.inputs[index]
        return {"kind": port.encoder.name.lower(), "neurons": port.size, "weights": 0, "bits": ()}
    if part == "output":
        out = model.outputs[index]
        size = model.populations[out.population].size
        return {
            "kind": f"{out.kind.name.lower()}, {out.decoder.name.lower()}",
            "neurons": size,
            "weights": 0,
            "bits": (),
        }
    population = model.populations[index]
    ways = [p for p in model.projections if p.target == index and p.weights is not None]
    kinds = [kind_of(population), *dict.fromkeys(p.kind.name.lower() for p in ways)]
    weights = [
        p.weights.size if isinstance(p.weights, SparseWeights) else int(p.weights.size)
        for p in ways
        if p.weights is not None
    ]
    bits = tuple(sorted({p.bits for p in ways}, reverse=True))
    return {"kind": ", ".join(kinds), "neurons": population.size, "weights": sum(weights), "bits": bits}
