"""From the file's numbering of neurons to the engine's: maps with their channels last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from spikelet.converters.layouts import kind_of
from spikelet.converters.linear import matrix_of
from spikelet.converters.nodes import Convolution, Dense, Sparse, Weighted
from spikelet.model import Int32Array, Population, Projection, ProjectionKind, SourceMap, SparseWeights

__all__ = ["Place", "Places", "block_of", "placed", "projection"]

#: Channels, height, width of a map whose neurons are numbered channels last; None: as in the file.
Place = tuple[int, int, int] | None
Places = Mapping[str, Place]
_Order = npt.NDArray[np.int64]
#: Populations below this size are one block.
_SMALL = 128
#: Block of a population that events reach as a whole.
_LARGE = 6
#: Part of a population that an event reaches, up to which blocks pay.
_FEW = 0.02


def _order(place: Place, size: int) -> _Order:
    """The file's number of each neuron of the engine."""
    if place is None:
        return np.arange(size)
    channels, height, width = place
    order: _Order = np.arange(size).reshape(channels, height * width).T.reshape(-1)
    return order


def placed(population: Population, place: Place, block: int) -> Population:
    """A population with its parameters in the engine's order."""
    order = _order(place, population.size)
    parameters = {
        name: values if len(values) == 1 else values[order] for name, values in population.parameters.items()
    }  # fmt: skip
    return replace(population, parameters=parameters, block=block)


def block_of(place: Place, population: Population, into: Iterable[Weighted]) -> int:
    """How many neurons rest together, as a power of 2: about a pixel of a map; 0: all of them.

    Where events reach few neurons; and where neurons rest as soon as no event comes, which the engine looks for
    block by block only.
    """
    parts = list(into)
    if population.size < _SMALL or not parts:
        return 0
    if not all(isinstance(part, Convolution) or _reaches_few(part) for part in parts):
        own = population.parameters
        stays = not population.choices.has_u and "decay_v" not in own and "bias" not in own
        return _LARGE if stays else 0
    channels = place[0] if place is not None else 1
    return min(max(channels.bit_length() - 1, 3), _LARGE)


def _reaches_few(part: Weighted) -> bool:
    """Whether an event reaches few neurons; to look which blocks it reaches costs more than it saves elsewhere."""
    if not isinstance(part, Sparse):
        return False
    return bool(part.weight.count_nonzero() <= _FEW * part.weight.shape[0] * part.weight.shape[1])


def projection(
    part: Weighted,
    *,
    name: str,
    source: int,
    from_input: bool,
    target: int,
    places: tuple[Place, Place],
    sizes: tuple[int, int],
    bits: int,
    wish: str = "fast",
) -> Projection:
    """Whole weights as a projection, in the engine's order.

    Args:
        part: whole numbers, numbered as in the file.
        name: for people.
        source: index of the population or input port.
        from_input: which of them.
        target: index of the population.
        places: of source and target.
        sizes: of source and target.
        bits: that a weight is stored with; sparse rows always have 8.
        wish: "fast" or "small": which kind of sparse rows.
    """
    if isinstance(part, Convolution) and not _fits(part, places):
        part = Sparse(weight=csr_array(matrix_of(part, (sizes[0],))), delays=part.delays)
    if isinstance(part, Dense) and part.source_map is not None and not _reads(part.source_map, places[0]):
        part = Dense(weight=matrix_of(part, (sizes[0],)).toarray(), delays=part.delays)
    into, out_of = _order(places[1], sizes[1]), _order(places[0], sizes[0])
    delays: Int32Array | None = None if part.delays is None else part.delays[into].astype(np.int32)
    made = Projection(
        name=name, source=source, from_input=from_input, target=target, weights=None, bits=bits, delays=delays
    )  # fmt: skip
    if isinstance(part, Convolution):
        return replace(
            made,
            kind=ProjectionKind.CONV,
            weights=part.weight.astype(np.int8),
            source_map=replace(part.source_map, planar=places[0] is None),
            target_map=replace(part.target_map, planar=places[1] is None),
        )
    if isinstance(part, Dense):
        rows = out_of if part.source_map is None else _pooled_order(part.source_map)
        source_map = None if part.source_map is None else replace(part.source_map, planar=places[0] is None)
        weights = np.ascontiguousarray(part.weight[rows][:, into]).astype(np.int8)
        return replace(made, weights=weights, source_map=source_map)
    sparse = _rows(part.weight, out_of, into)
    return replace(made, kind=kind_of(sparse, wish), weights=sparse, bits=8)


def _reads(source_map: SourceMap, place: Place) -> bool:
    return place is None or place == (source_map.channels, source_map.height, source_map.width)


def _fits(part: Convolution, places: tuple[Place, Place]) -> bool:
    """Whether the engine's numbering has the convolution's axes."""
    out = part.target_map
    return _reads(part.source_map, places[0]) and places[1] in (None, (out.channels, out.height, out.width))


def _pooled_order(source_map: SourceMap) -> _Order:
    """Rows of a pooled map are numbered channels last, whatever the source's numbering is."""
    shape = (source_map.channels, source_map.height // source_map.pool[0], source_map.width // source_map.pool[1])
    return _order(shape, source_map.rows)


def _rows(weight: csr_array, out_of: _Order, into: _Order) -> SparseWeights:
    permuted = csr_array(weight[out_of][:, into])
    permuted.eliminate_zeros()
    permuted.sort_indices()
    return SparseWeights(
        start=permuted.indptr.astype(np.int64),
        targets=permuted.indices.astype(np.int64),
        values=np.asarray(permuted.data).astype(np.int8),
    )
