"""The rules of projections and of what they bring: docs/reference/semantics.md, 2.3, 2.5, 2.6 and 3.4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.model import (
    Encoder,
    Model,
    Population,
    PopulationKind,
    Projection,
    ProjectionKind,
    SourceMap,
    SparseWeights,
    TargetMap,
)

__all__ = ["DELAY_MAX", "INPUT_SUM_MAX", "Violation", "bounds", "in_range", "map_violations", "projection", "reach"]

#: Code (a name of spkl_err.def) and sentence.
Violation = tuple[str, str]

#: Semantics 2.3.
INPUT_SUM_MAX = 2**23
#: Ticks of the longest delay (semantics 2.6 and 3.4).
DELAY_MAX = 65535

_NAME = "IMAGE_PROJECTION"
_LARGEST = 65535
#: Bits that weights may be stored with.
_BITS = {
    ProjectionKind.DENSE: (8, 4, 2, 1),
    ProjectionKind.CONV: (8, 4, 2, 1),
    ProjectionKind.SPARSE: (8,),
    ProjectionKind.FEED: (8,),
    ProjectionKind.SPARSE4: (8,),
}


def in_range(code: str, where: str, value: int, low: int, high: int) -> Iterator[Violation]:
    """A number that leaves its range."""
    if not low <= value <= high:
        yield code, f"{where} is {value}; allowed: {low} to {high}"


def projection(where: str, p: Projection, model: Model) -> Iterator[Violation]:
    """What one projection breaks."""
    yield from in_range(_NAME, f"{where}: target", p.target, 0, len(model.populations) - 1)
    if p.from_input:
        yield from in_range(_NAME, f"{where}: source (an input)", p.source, 0, len(model.inputs) - 1)
        n_source = model.inputs[p.source].size
    else:
        yield from in_range(_NAME, f"{where}: source (a population)", p.source, 0, len(model.populations) - 1)
        n_source = model.populations[p.source].size
    target = model.populations[p.target]
    if (target.kind is PopulationKind.DELAY) != (p.kind is ProjectionKind.FEED):
        text = f"target {target.name!r} is {'a' if target.kind is PopulationKind.DELAY else 'no'} delay line"
        yield _NAME, f"{where}: kind {p.kind.name.lower()}, but its {text}; feeds go to delay lines, and nothing else"
    if p.bits not in _BITS[p.kind]:
        allowed = ", ".join(map(str, _BITS[p.kind]))
        yield _NAME, f"{where}: bits is {p.bits}; allowed for {p.kind.name.lower()}: {allowed}"
    yield from map_violations(where, p.kind, (p.source_map, p.target_map), (n_source, target.size))
    if p.kind is ProjectionKind.FEED:
        yield from _feed(where, p, n_source, target.size)
    else:
        yield from _weights(where, p, n_source, target.size)
        yield from _delays(where, p, target.size)


def map_violations(
    where: str,
    kind: ProjectionKind,
    maps: tuple[SourceMap | None, TargetMap | None],
    sizes: tuple[int, int],
) -> Iterator[Violation]:
    """What the maps of a projection break, whose source and target have these sizes."""
    (source, target), (n_source, n_target) = maps, sizes
    if (target is not None) != (kind is ProjectionKind.CONV) or (kind is ProjectionKind.CONV and source is None):
        yield _NAME, f"{where}: a convolution has a source map and a target map, and nothing else has a target map"
    if source is None:
        return
    if kind is ProjectionKind.FEED:
        yield _NAME, f"{where}: a feed has no map"
    yield from _image(f"{where}: source map", source, n_source)
    yield from in_range(_NAME, f"{where}: pool_y", source.pool[0], 1, source.height)
    yield from in_range(_NAME, f"{where}: pool_x", source.pool[1], 1, source.width)
    if target is None:
        return
    yield from _image(f"{where}: target map", target, n_target)
    for name, low, high in (("kernel", 1, 255), ("stride", 1, 255), ("dilation", 1, 255), ("pad", -(2**15), 2**15 - 1)):
        for axis, value in zip("yx", getattr(target, name), strict=True):
            yield from in_range(_NAME, f"{where}: {name}_{axis}", value, low, high)
    if target.groups < 1 or source.channels % target.groups or target.channels % target.groups:
        text = f"groups is {target.groups}, of {source.channels} and {target.channels} channels"
        yield _NAME, f"{where}: {text}; it must divide both"


def _image(where: str, image: SourceMap | TargetMap, size: int) -> Iterator[Violation]:
    for name in ("channels", "height", "width"):
        yield from in_range(_NAME, f"{where}: {name}", getattr(image, name), 1, _LARGEST)
    if image.size != size:
        shape = f"{image.channels} x {image.height} x {image.width}"
        yield _NAME, f"{where}: {shape} is {image.size} neurons; the population or input has {size}"


def _feed(where: str, p: Projection, n_source: int, n_target: int) -> Iterator[Violation]:
    if p.weights is not None or p.delays is not None:
        yield _NAME, f"{where}: a feed has no weights and no delays"
    if n_source != n_target:
        yield _NAME, f"{where}: its source has {n_source} neurons, its delay line {n_target}; they must be equal"


def _weights(where: str, p: Projection, n_source: int, n_target: int) -> Iterator[Violation]:
    rows = n_source if p.source_map is None else p.source_map.rows
    if p.kind in {ProjectionKind.SPARSE, ProjectionKind.SPARSE4}:
        once = p.kind is ProjectionKind.SPARSE4
        yield from _sparse(where, p.weights, rows, n_target, once=once)
        return
    shape: tuple[int, ...] = (rows, n_target)
    if p.source_map is not None and p.target_map is not None:
        t = p.target_map
        shape = (t.channels, p.source_map.channels // t.groups, *t.kernel)
    if not isinstance(p.weights, np.ndarray):
        yield _NAME, f"{where}: weights are {type(p.weights).__name__}; allowed: int8 {shape}"
        return
    if p.weights.dtype != np.int8 or p.weights.shape != shape:
        yield _NAME, f"{where}: weights are {p.weights.dtype} {p.weights.shape}; allowed: int8 {shape}"
        return
    low, high = (-1, 1) if p.bits == 1 else (-(2 ** (p.bits - 1)), 2 ** (p.bits - 1) - 1)
    wrong = p.weights[(p.weights < low) | (p.weights > high) | ((p.bits == 1) & (p.weights == 0))]
    if wrong.size:
        allowed = "-1 and 1" if p.bits == 1 else f"{low} to {high}"
        yield _NAME, f"{where}: a weight is {wrong[0]}; allowed with {p.bits} bits: {allowed}"


def _sparse(where: str, weights: Any, rows: int, n_target: int, *, once: bool) -> Iterator[Violation]:
    """`once`: a target may not come twice in a row."""
    if not isinstance(weights, SparseWeights):
        yield _NAME, f"{where}: weights are {type(weights).__name__}; allowed: SparseWeights"
        return
    start, targets, values = weights.start, weights.targets, weights.values
    kinds = [str(array.dtype) for array in (start, targets, values)]
    if (
        kinds != ["int64", "int64", "int8"]
        or start.shape != (rows + 1,)
        or not targets.shape == values.shape == (len(targets),)
    ):
        shapes = [array.shape for array in (start, targets, values)]
        yield _NAME, f"{where}: weights are {kinds} {shapes}; allowed: int64 ({rows + 1},), int64 (n,), int8 (n,)"
        return
    if start[0] != 0 or start[-1] != len(targets) or np.any(np.diff(start) < 0):
        yield _NAME, f"{where}: rows must ascend from 0 to the {len(targets)} weights"
        return
    inside = np.ones(len(targets), np.bool_)
    inside[start[:-1][np.diff(start) > 0]] = False
    if np.any(np.diff(targets, prepend=0)[inside] < once):
        yield _NAME, f"{where}: targets do not ascend in a row{', each once' if once else ''}"
    yield from _all_in_range(f"{where}: a target", targets, n_target - 1)
    if np.any(values == 0):
        yield _NAME, f"{where}: a stored weight is 0; leave it out"


def _delays(where: str, p: Projection, n_target: int) -> Iterator[Violation]:
    if p.delays is None:
        return
    if p.delays.dtype != np.int32 or p.delays.shape != (n_target,):
        yield _NAME, f"{where}: delays are {p.delays.dtype} {p.delays.shape}; allowed: int32 ({n_target},)"
        return
    yield from _all_in_range(f"{where}: a delay", p.delays, DELAY_MAX)


def _all_in_range(where: str, values: npt.NDArray[Any], high: int) -> Iterator[Violation]:
    for wrong in values[(values < 0) | (values > high)][:1]:
        yield from in_range(_NAME, where, int(wrong), 0, high)


def bounds(model: Model) -> Iterator[Violation]:
    """Sums that can exceed what a population can take (semantics 2.3 and 3.4)."""
    sums = [0] * len(model.populations)
    for p in model.projections:
        sums[p.target] += _handed(p, model) if p.kind is ProjectionKind.FEED else _sent(p, model)
    for i, (population, largest) in enumerate(zip(model.populations, sums, strict=True)):
        where = f"population {i} ({population.name!r})"
        if population.kind is PopulationKind.DELAY:
            if largest > population.max_count:
                text = f"its sources may hand in {largest} a neuron and tick; max_count is {population.max_count}"
                yield "IMAGE_BOUND", f"{where}: {text}"
        elif largest > INPUT_SUM_MAX:
            yield "IMAGE_BOUND", f"{where}: its sources may send {largest} a tick; allowed: {INPUT_SUM_MAX}"


def reach(p: Projection, n_source: int) -> int:
    """Source neurons that can meet in one target (semantics 2.3)."""
    if p.source_map is None or p.target_map is None:
        return n_source
    (kernel_y, kernel_x), (pool_y, pool_x) = p.target_map.kernel, p.source_map.pool
    return min(n_source, kernel_y * kernel_x * (p.source_map.channels // p.target_map.groups) * pool_y * pool_x)


def _sent(p: Projection, model: Model) -> int:
    """The largest sum of |values| of a tick that meet in one target."""
    if not p.from_input:
        source: Population = model.populations[p.source]
        return reach(p, source.size) * source.max_count
    port = model.inputs[p.source]
    return port.max_sum if port.encoder is Encoder.EVENTS else reach(p, port.size) * port.max_value


def _handed(p: Projection, model: Model) -> int:
    """The largest |sum| of one neuron's values of a tick."""
    if not p.from_input:
        return model.populations[p.source].max_count
    port = model.inputs[p.source]
    return port.max_sum if port.encoder is Encoder.EVENTS else port.max_value
