"""The memory of a running network: docs/reference/arena.md."""

from __future__ import annotations

from collections.abc import Iterator

from spikelet.model import Encoder, InputPort, Model, OutputKind, OutputPort, Population

__all__ = ["state_size"]

_EVENT = 8


def state_size(model: Model) -> int:
    """Bytes of the state part of the arena, the same on every machine."""
    return sum(-(-size // 8) * 8 for size in _arrays(model))


def _arrays(model: Model) -> Iterator[int]:
    """Bytes of each array of the state, in order."""
    yield 4 * 4
    for population in model.populations:
        yield from _population(population)
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
    yield 4 * p.size
    yield 2 * 4
    yield 3 * 8
    yield 2 * p.size


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
