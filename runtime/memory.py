"""RAM that a model needs on a board, told on the host as the engine there will tell it."""

from __future__ import annotations

from spikelet.arena import state_size
from spikelet.model import Encoder, Model, Projection

__all__ = ["TABLES", "arena_size", "work_size"]

#: Bytes of the engine's table entries (csrc/engine/net.h) and sizes of lists, where pointers have 32 bits.
TABLES = {"population": 156, "projection": 12, "input": 32, "sink": 28}
_POINTER = 4
_ROWS_MAX, _ROWS_SPARE = 255, 8
_IN_PADDING = 16


def work_size(model: Model) -> int:
    """Bytes of RAM that a model needs beside its image: its arena and its largest input frame."""
    frames = [port.size for port in model.inputs if port.encoder is not Encoder.EVENTS]
    return arena_size(model) + max(frames, default=0)


def arena_size(model: Model) -> int:
    """Bytes of the arena on a board: what spkl_arena_size() of csrc/engine/start.c gives there."""
    largest = max(population.size for population in model.populations)
    rows = min(max((_rows(model, projection) for projection in model.projections), default=0), _ROWS_MAX)
    return state_size(model) + sum(
        (
            TABLES["population"] * len(model.populations),
            TABLES["projection"] * len(model.projections),
            TABLES["input"] * len(model.inputs),
            TABLES["sink"] * len(model.outputs),
            4 * _rounded(largest, _IN_PADDING),
            _POINTER * (rows + _ROWS_SPARE),
        )
    )


def _rows(model: Model, projection: Projection) -> int:
    """The most events that a projection's source sends in a tick."""
    if projection.from_input:
        return model.inputs[projection.source].capacity
    return model.populations[projection.source].size


def _rounded(n: int, unit: int) -> int:
    """The next multiple of `unit`."""
    return -(-n // unit) * unit
