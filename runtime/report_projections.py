"""What a projection is, as data for JSON and tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelet.layout import LAYOUTS, MAP
from spikelet.maps import row_of, taps_met
from spikelet.model import InputPort, Model, Population, Projection, ProjectionKind, SourceMap, SparseWeights, TargetMap
from spikelet.rows import conv_codes, pack_sparse, pack_sparse4, stride_of, weights_of_rows

__all__ = ["bytes_stored", "describe_projection", "synops_of_all"]


def describe_projection(p: Projection, model: Model) -> dict[str, Any]:
    """Everything that an image says of a projection, JSON-like.

    `shape` is (rows, targets), of a convolution that of its weights; `bytes` are those in the image, without
    sharing. `map` is how the source is read, in words; `conv` the geometry of a convolution.
    """
    values = p.weights.values if isinstance(p.weights, SparseWeights) else p.weights
    return {
        "name": p.name,
        "source": _source(p, model).name,
        "target": model.populations[p.target].name,
        "kind": p.kind.name.lower(),
        "back": is_back(p),
        "shape": _shape(p, model),
        "bits": p.bits if values is not None else 0,
        "bytes": bytes_stored(p),
        "weights": 0 if values is None else int(values.size),
        "nonzero": 0 if values is None else int(np.count_nonzero(values)),
        "largest": 0 if values is None else int(np.abs(values.astype(np.int16)).max(initial=0)),
        "map": _map_words(p.source_map),
        "conv": _conv_words(p.target_map),
        "delays": None if p.delays is None else {"least": int(p.delays.min()), "largest": int(p.delays.max())},
    }


def is_back(p: Projection) -> bool:
    """Whether its events come from the tick before (semantics 2.1)."""
    return not p.from_input and p.source >= p.target


def _source(p: Projection, model: Model) -> InputPort | Population:
    return model.inputs[p.source] if p.from_input else model.populations[p.source]


def _shape(p: Projection, model: Model) -> list[int]:
    if isinstance(p.weights, np.ndarray):
        return list(p.weights.shape)
    n_target = model.populations[p.target].size
    return [n_target if p.weights is None else len(p.weights.start) - 1, n_target]


def bytes_stored(p: Projection) -> int:
    """Bytes in DATA: weights, map and delays."""
    more = MAP.size * (p.source_map is not None) + (0 if p.delays is None else 4 * len(p.delays))
    if p.weights is None:
        return more
    if isinstance(p.weights, SparseWeights):
        return more + len((pack_sparse4 if p.kind is ProjectionKind.SPARSE4 else pack_sparse)(p.weights))
    rows = p.weights if p.target_map is None else conv_codes(p.weights, p.target_map)
    return more + len(rows) * stride_of(LAYOUTS[p.kind, p.bits], rows.shape[1])


def synops_of_all(p: Projection, model: Model) -> int:
    """Weights added when every source neuron has one event (semantics 6)."""
    if p.source_map is not None and p.target_map is not None:
        return int(taps_met(p.source_map, p.target_map).sum())
    if p.kind is ProjectionKind.FEED:
        return 0
    rows = row_of(p.source_map, _source(p, model).size)
    rows = rows[rows >= 0]
    if isinstance(p.weights, SparseWeights):
        return int(weights_of_rows(p.kind, p.weights)[rows].sum())
    return len(rows) * model.populations[p.target].size


def _map_words(image: SourceMap | None) -> str | None:
    """Such as "2 x 34 x 34, pooled by 2 x 2"."""
    if image is None:
        return None
    order = ", planar" if image.planar else ""
    pool = f", pooled by {_pair(image.pool)}" if image.pool != (1, 1) else ""
    return f"{image.channels} x {image.height} x {image.width}{order}{pool}"


def _conv_words(target: TargetMap | None) -> str | None:
    """Such as "to 16 x 16 x 16, kernel 3 x 3, pad 1 x 1"."""
    if target is None:
        return None
    order = ", planar" if target.planar else ""
    words = f"to {target.channels} x {target.height} x {target.width}{order}, kernel {_pair(target.kernel)}"
    for name, plain in (("stride", (1, 1)), ("pad", (0, 0)), ("dilation", (1, 1))):
        if (pair := getattr(target, name)) != plain:
            words += f", {name} {_pair(pair)}"
    return words + (f", {target.groups} groups" if target.groups > 1 else "")


def _pair(pair: tuple[int, int]) -> str:
    return f"{pair[0]} x {pair[1]}"
