"""RAM that a model needs on a board, told on the host as the engine there will tell it."""

from __future__ import annotations

from collections.abc import Iterator

from spikelet.arena import StateArray, state_size
from spikelet.model import Encoder, Model, Population, PopulationKind, Projection, ProjectionKind

__all__ = ["TABLES", "arena_size", "scratch_arrays", "work_size"]

#: Bytes of the engine's table entries (csrc/engine: net.h, parts.h, conv.h), where pointers have 32 bits.
TABLES = {
    "population": 168,
    "projection": 20,
    "input": 32,
    "sink": 28,
    "rows": 68,
    "sparse": 76,
    "sparse4": 88,
    "conv": 156,
    "late": 40,
    "blocks": 168,
    "line": 16,
}
_POINTER = 4
_ROWS_MAX, _ROWS_SPARE = 255, 8
_IN_PADDING = 16


def work_size(model: Model) -> int:
    """Bytes of RAM that a model needs beside its image: its arena and its largest input frame."""
    frames = [port.size for port in model.inputs if port.encoder is not Encoder.EVENTS]
    return arena_size(model) + max(frames, default=0)


def arena_size(model: Model) -> int:
    """Bytes of the arena on a board: what spkl_arena_size() of csrc/engine/start.c gives there."""
    return state_size(model) + sum(array.size for array in scratch_arrays(model))


def scratch_arrays(model: Model) -> Iterator[StateArray]:
    """What the scratch part holds on a board: tables, by whose they are, sums and lists."""
    for index, population in enumerate(model.populations):
        for name in _tables(population):
            yield StateArray("population", index, "tables", TABLES[name])
    for index, projection in enumerate(model.projections):
        for name in _more(projection):
            yield StateArray("projection", index, "tables", TABLES[name])
    for index in range(len(model.inputs)):
        yield StateArray("input", index, "tables", TABLES["input"])
    for index in range(len(model.outputs)):
        yield StateArray("output", index, "tables", TABLES["sink"])
    late = {p.target for p in model.projections if p.delays is not None}
    words = max(_sums(population, i in late) for i, population in enumerate(model.populations))
    yield StateArray("scratch", 0, "sums", 4 * _rounded(words, _IN_PADDING))
    rows = min(max((_rows(model, projection) for projection in model.projections), default=0), _ROWS_MAX)
    yield StateArray("scratch", 0, "rows", _POINTER * (rows + _ROWS_SPARE))


def _sums(p: Population, late: bool) -> int:
    """Words of scratch for the sums of a population, its touched blocks, and sums of a late projection."""
    n = _rounded(p.size, 4)
    if late:
        return n + -(-p.size // 32) + n
    blocks = -(-p.size >> p.block) if p.block else 0
    return n + -(-blocks // 32) if blocks else p.size


def _tables(population: Population) -> Iterator[str]:
    """Entries of tables of a population."""
    yield "population"
    if population.kind is PopulationKind.DELAY:
        yield "line"
    elif population.block:
        yield "blocks"


def _more(p: Projection) -> Iterator[str]:
    """Entries of tables of a projection."""
    yield "projection"
    if p.kind is ProjectionKind.DENSE and (p.bits != 8 or p.source_map is not None):
        yield "rows"
    if p.kind in {ProjectionKind.SPARSE, ProjectionKind.SPARSE4}:
        yield p.kind.name.lower()
    if p.kind is ProjectionKind.CONV:
        yield "conv"
    if p.delays is not None:
        yield "late"


def _rows(model: Model, projection: Projection) -> int:
    """The most events that are listed for a dense projection in a tick."""
    if projection.kind is not ProjectionKind.DENSE:
        return 0
    if projection.from_input:
        return model.inputs[projection.source].capacity
    return model.populations[projection.source].size


def _rounded(n: int, unit: int) -> int:
    """The next multiple of `unit`."""
    return -(-n // unit) * unit
