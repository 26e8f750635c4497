"""The memory of a running network: docs/reference/arena.md."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spikelet.model import Encoder, InputPort, Model, OutputKind, OutputPort, Population, PopulationKind, Projection

__all__ = ["STATE_MAX", "history", "state_size"]

#: Most bytes of the state.
STATE_MAX = 2**30
_EVENT = 8


def state_size(model: Model) -> int:
    """Bytes of the state part of the arena, the same on every machine."""
    return sum(-(-size // 8) * 8 for size in _arrays(model))


def history(part: Population | Projection, size: int) -> tuple[int, int]:
    """Ticks and bytes of what waits in a delay line or for the target (of `size`) of a late projection."""
    if isinstance(part, Projection):
        ticks = 0 if part.delays is None else int(np.max(part.delays)) + 1
        return ticks, ticks * size * 4
    if part.kind is not PopulationKind.DELAY:
        return 0, 0
    ticks = int(np.max(part.parameters["delay"])) + 1
    return ticks, ticks * (2 * size if part.choices.several else 4 * -(-size // 32))


def _arrays(model: Model) -> Iterator[int]:
    """Bytes of each array of the state, in order."""
    yield 4 * 4
    for index, population in enumerate(model.populations):
        yield from _population(population)
        for projection in model.projections:
            if projection.target == index and projection.delays is not None:
                yield history(projection, population.size)[1]
                yield 2 * 4
    for port in model.inputs:
        yield from _input(port)
    for out in model.outputs:
        yield from _output(out, model.populations[out.population].size)


def _population(p: Population) -> Iterator[int]:
    c = p.choices
    yield 2 * p.size * c.several
    yield 4 * p.size * c.has_u
    yield 4 * p.size * c.has_a
    yield 2 * p.size * c.has_refractory
    if p.block:
        yield 4 * -(-_blocks(p) // 32)
    if p.kind is PopulationKind.DELAY:
        yield history(p, p.size)[1]
        yield 2 * 4
    else:
        yield 4 * p.size
    yield 2 * 4
    yield 3 * 8
    yield 2 * p.size


def _blocks(p: Population) -> int:
    """How many blocks a population has."""
    return -(-p.size // (1 << p.block))


def _input(port: InputPort) -> Iterator[int]:
    yield 4 * 4
    yield 2 * 4
    yield 2 * port.capacity
    yield 2 * port.capacity
    yield _EVENT * port.capacity if port.encoder is Encoder.EVENTS else port.size


def _output(port: OutputPort, size: int) -> Iterator[int]:
    yield 2 * 4
    yield 4 * size
    yield _EVENT * port.capacity * (port.kind is OutputKind.EVENTS)
