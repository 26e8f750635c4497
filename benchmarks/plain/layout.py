"""The arrays of dense.c for a model of the project, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.model import LifChoices, Model, Population, ProjectionKind, ResetKind
from spikelet.rules import absent_value

__all__ = ["CHOICES", "Layer", "layers_of"]

#: What dense.c computes: semantics 3.2.
CHOICES = LifChoices(fires=True, reset_kind=ResetKind.SET, reset_next=True, reset_before_leak=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Constants of `struct plain_layer`; the shapes are those of dense.h."""

    weights: npt.NDArray[np.int8]
    bias: npt.NDArray[np.int32]
    fire_above: npt.NDArray[np.int32]
    decay: int
    unit: int

    @property
    def n_out(self) -> int:
        """Neurons."""
        return len(self.bias)

    @property
    def flash(self) -> int:
        """Bytes of the constants."""
        return self.weights.nbytes + self.bias.nbytes + self.fire_above.nbytes

    @property
    def ram(self) -> int:
        """Bytes of sums, membranes and the list of those that fired."""
        return (4 + 4 + 2) * self.n_out


def layers_of(model: Model) -> Sequence[Layer]:
    """The layers of a chain of two dense layers, which dense.c lets rest at the start of each sample.

    Raises:
        ValueError: dense.c cannot compute the model.
    """
    populations, projections = model.populations, model.projections
    chain = [(q.from_input, q.source, q.target) for q in projections] == [(True, 0, 0), (False, 0, 1)]
    dense = all(q.kind is ProjectionKind.DENSE and q.source_map is None for q in projections)
    if not (chain and dense and len(populations) == 2):
        raise ValueError("plain C is of two dense layers")
    return [_layer(p, q.weights) for p, q in zip(populations, projections, strict=True)]


def _layer(population: Population, weights: npt.NDArray[Any]) -> Layer:
    given: Mapping[str, Any] = population.parameters
    decay = np.unique(np.asarray(given["decay_v"]))
    if population.choices != CHOICES or set(given) - {"decay_v", "bias", "fire_above"} or decay.size != 1:
        raise ValueError(f"plain C is of neurons with one leak, reset to zero in the next tick, not {population.name}")

    def full(name: str) -> npt.NDArray[np.int32]:
        value = given.get(name, absent_value(name, population.choices))
        return np.ascontiguousarray(np.broadcast_to(np.asarray(value, np.int32), (population.size,)))

    return Layer(
        weights=np.ascontiguousarray(weights, np.int8),
        bias=full("bias"),
        fire_above=full("fire_above"),
        decay=int(decay[0]),
        unit=1 << population.frac,
    )
