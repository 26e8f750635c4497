"""Weights of a projection before and after rounding, in the network's units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikelet.agreement import order_of, unit_of
from spikelet.errors import DataError
from spikelet.model import Model, Projection, SparseWeights

if TYPE_CHECKING:
    from spikelet.converters.graph import Network

__all__ = ["WeightPair", "weights_of"]

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightPair:
    """Weights of one projection: `real` those of the float network, None where it is not there; `whole` the
    integers times the size of a weight unit, or the integers themselves where nobody knows it (`scaled`).
    `matched` says whether both are in the same order.
    """

    name: str
    kind: str
    bits: int
    real: _Floats | None
    whole: _Floats
    scaled: bool
    matched: bool
    at_limit: float


def weights_of(model: Model, network: Network | None) -> list[WeightPair]:
    """All projections that have weights, in order."""
    return [_pair(model, network, p) for p in model.projections if p.weights is not None]


def _pair(model: Model, network: Network | None, projection: Projection) -> WeightPair:
    integers, targets = _integers(projection)
    size = model.populations[projection.target].size
    try:
        scale = unit_of(model, projection.target)[0] * 2.0 ** model.populations[projection.target].frac
        whole, scaled = integers * np.broadcast_to(scale, (size,))[targets], True
    except DataError:
        whole, scaled = integers.astype(np.float64), False
    limit = 2 ** (projection.bits - 1) - 1
    return WeightPair(
        name=projection.name,
        kind=projection.kind.name.lower(),
        bits=projection.bits,
        real=_real(model, network, projection) if scaled and network is not None else None,
        whole=np.asarray(whole, np.float64).reshape(-1),
        scaled=scaled,
        matched=_is_matched(model, projection),
        at_limit=float(np.mean(np.abs(integers) >= max(limit, 1))) if integers.size else 0.0,
    )


def _is_matched(model: Model, projection: Projection) -> bool:
    """Weights of a convolution keep their order; those of matrices where no map is numbered anew."""
    if projection.target_map is not None:
        return True
    plain = projection.from_input or order_of(model, projection.source) is None
    return plain and projection.source_map is None and order_of(model, projection.target) is None


def _integers(projection: Projection) -> tuple[Any, Any]:
    """Stored weights, and for each a target neuron of its scale; arrays that broadcast to one shape."""
    weights = projection.weights
    if isinstance(weights, SparseWeights):
        return weights.values.astype(np.int64), weights.targets
    assert weights is not None
    whole = weights.astype(np.int64)
    image = projection.target_map
    if image is None:
        return whole, np.arange(whole.shape[1])
    each = image.height * image.width if image.planar else 1
    return whole, (np.arange(image.channels) * each)[:, None, None, None]


def _real(model: Model, network: Network, projection: Projection) -> _Floats | None:
    """Weights of the nodes between source and target."""
    source = (model.inputs if projection.from_input else model.populations)[projection.source].name
    target = model.populations[projection.target].name
    found = []
    for path in network.sources(target) if target in network.nodes else []:
        weight = getattr(network.nodes[path], "weight", None)
        if weight is not None and network.sources(path) == [source]:
            found.append(np.asarray(weight.data if hasattr(weight, "tocsr") else weight, np.float64).reshape(-1))
    return np.concatenate(found) if found else None
