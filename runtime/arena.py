"""The memory of a running network: docs/reference/arena.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spikelet.model import Encoder, InputPort, Model, OutputKind, OutputPort, Population, PopulationKind, Projection

__all__ = ["STATE_MAX", "StateArray", "history", "state_arrays", "state_size"]

#: Most bytes of the state.
STATE_MAX = 2**30
_EVENT = 8


@dataclass(frozen=True, slots=True)
class StateArray:
    """An array of the state: whose it is, its name and its bytes.

    `owner` is "clock", "population", "projection", "input" or "output"; `index` its number in the model.
    """

    owner: str
    index: int
    name: str
    size: int

    @property
    def room(self) -> int:
        """Bytes that it takes: a multiple of 8."""
        return -(-self.size // 8) * 8


def state_size(model: Model) -> int:
    """Bytes of the state part of the arena, the same on every machine."""
    return sum(array.room for array in state_arrays(model))


def history(part: Population | Projection, size: int) -> tuple[int, int]:
    """Ticks and bytes of what waits in a delay line or for the target (of `size`) of a late projection."""
    if isinstance(part, Projection):
        ticks = 0 if part.delays is None else int(np.max(part.delays)) + 1
        return ticks, ticks * size * 4
    if part.kind is not PopulationKind.DELAY:
        return 0, 0
    ticks = int(np.max(part.parameters["delay"])) + 1
    return ticks, ticks * (2 * size if part.choices.several else 4 * -(-size // 32))


def state_arrays(model: Model) -> Iterator[StateArray]:
    """The arrays of the state, in order."""
    yield StateArray("clock", 0, "clock", 4 * 4)
    for index, population in enumerate(model.populations):
        yield from (StateArray("population", index, *array) for array in _population(population))
        for number, projection in enumerate(model.projections):
            if projection.target == index and projection.delays is not None:
                yield StateArray("projection", number, "ring", history(projection, population.size)[1])
                yield StateArray("projection", number, "place", 2 * 4)
    for index, port in enumerate(model.inputs):
        yield from (StateArray("input", index, *array) for array in _input(port))
    for index, out in enumerate(model.outputs):
        arrays = _output(out, model.populations[out.population].size)
        yield from (StateArray("output", index, *array) for array in arrays)


def _population(p: Population) -> Iterator[tuple[str, int]]:
    c = p.choices
    yield "values", 2 * p.size * c.several
    yield "u", 4 * p.size * c.has_u
    yield "a", 4 * p.size * c.has_a
    yield "r", 2 * p.size * c.has_refractory
    if p.block:
        yield "rests", 4 * -(-_blocks(p) // 32)
    if p.kind is PopulationKind.DELAY:
        yield "ring", history(p, p.size)[1]
        yield "place", 2 * 4
    else:
        yield "v", 4 * p.size
    yield "head", 2 * 4
    yield "statistics", 3 * 8
    yield "events", 2 * p.size


def _blocks(p: Population) -> int:
    """How many blocks a population has."""
    return -(-p.size // (1 << p.block))


def _input(port: InputPort) -> Iterator[tuple[str, int]]:
    yield "queue", 4 * 4
    yield "head", 2 * 4
    yield "events", 2 * port.capacity
    yield "values", 2 * port.capacity
    yield "held", _EVENT * port.capacity if port.encoder is Encoder.EVENTS else port.size


def _output(port: OutputPort, size: int) -> Iterator[tuple[str, int]]:
    yield "head", 2 * 4
    yield "scores", 4 * size
    yield "queue", _EVENT * port.capacity * (port.kind is OutputKind.EVENTS)
