"""What the parts of the graded reference have in common: the form of a step, and access by strides."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spikelet.errors import ModelError
from spikelet.graded.arithmetic import Int64Array
from spikelet.graded.model import Layer

__all__ = ["Prepare", "Step", "positions", "table_of", "weights_of"]

#: From the inputs' elements and what the output holds to the output's elements, all flat.
Step = Callable[[Sequence[Int64Array], Int64Array], Int64Array]
#: From a layer to its step.
Prepare = Callable[[Layer], Step]


def positions(sizes: Sequence[int], steps: Sequence[int], start: int = 0) -> Int64Array:
    """start + sum of index times step for all indices below sizes, the last fastest, flat."""
    total = np.array([start], np.int64)
    for size, step in zip(sizes, steps, strict=True):
        total = np.add.outer(total, np.arange(size, dtype=np.int64) * step).reshape(-1)
    return total


def table_of(layer: Layer, field: str = "") -> Int64Array:
    """A layer's table, or a field of it, as int64."""
    if layer.table is None:
        raise ModelError(f"layer {layer.name!r}: found no table; {layer.kind.name} needs one")
    table: Int64Array = (layer.table[field] if field else layer.table).astype(np.int64)
    return table


def weights_of(layer: Layer) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """A layer's weights as bytes."""
    if layer.weights is None:
        raise ModelError(f"layer {layer.name!r}: found no weights; {layer.kind.name} needs them")
    return np.ascontiguousarray(layer.weights, np.uint8).reshape(-1)
