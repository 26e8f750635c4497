"""Random projections of every kind, forward and back, and delay lines."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from math import gcd
from typing import Any

import numpy as np

from spikelet.model import (
    Encoder,
    InputPort,
    Int32Array,
    LifChoices,
    Population,
    PopulationKind,
    Projection,
    ProjectionKind,
    SourceMap,
    SparseWeights,
    TargetMap,
)
from spikelet.rules import INPUT_SUM_MAX
from support.chance import Chance

__all__ = ["Shape", "shape", "wire"]

#: Channels, height and width of neurons, where a projection reads them as an image.
Shape = tuple[int, int, int]
_KINDS = (ProjectionKind.DENSE, ProjectionKind.CONV, ProjectionKind.SPARSE, ProjectionKind.SPARSE4)


def shape(chance: Chance, largest: int) -> Shape:
    """An image of few neurons, or a row of at most `largest`."""
    if chance.flag():
        return chance.integer(1, 4), chance.integer(1, 5), chance.integer(1, 6)
    return chance.integer(1, largest), 1, 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Source:
    """What projections come from: `most` is the largest |sum| of a neuron's values, `total` of all neurons'."""

    index: int
    from_input: bool
    shape: Shape
    most: int
    total: int

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


def wire(
    chance: Chance,
    inputs: Sequence[tuple[InputPort, Shape]],
    populations: Sequence[tuple[Population, Shape]],
    weight: int,
) -> tuple[tuple[Population, ...], tuple[Projection, ...]]:
    """Join inputs and populations, and put delay lines between.

    Args:
        chance: to draw from.
        inputs: with their images.
        populations: of the LIF family, with their images.
        weight: the largest weight.
    """
    parts = [*populations]
    lines = chance.pick([0, 1, 0, 2])
    places = [chance.integer(0, len(parts) + i) for i in range(lines)]
    order: list[tuple[str, int]] = [("lif", i) for i in range(len(parts))]
    for number, place in enumerate(places):
        order.insert(place, ("line", number))
    known = [_of_input(i, port, image) for i, (port, image) in enumerate(inputs)]
    known += [_of_population(order.index(("lif", i)), p, image) for i, (p, image) in enumerate(parts)]
    made: dict[int, tuple[Population, list[Projection]]] = {}
    for number in range(lines):
        index = order.index(("line", number))
        population, feeds, source = _line(chance, f"line{number}", index, known)
        made[index] = (population, feeds)
        known.append(source)
    found: list[Population] = []
    projections: list[Projection] = []
    for index, (kind, number) in enumerate(order):
        if kind == "line":
            found.append(made[index][0])
            projections += made[index][1]
        else:
            found.append(parts[number][0])
            projections += _to_lif(chance, index, parts[number][1], known, weight)
    return tuple(found), tuple(dataclasses.replace(p, name=str(i)) for i, p in enumerate(projections))


def _of_input(index: int, port: InputPort, image: Shape) -> _Source:
    most = port.max_sum if port.encoder is Encoder.EVENTS else port.max_value
    return _Source(index=index, from_input=True, shape=image, most=most, total=port.max_sum)


def _of_population(index: int, p: Population, image: Shape) -> _Source:
    return _Source(index=index, from_input=False, shape=image, most=p.max_count, total=p.size * p.max_count)


def _delays(chance: Chance, size: int, *, single: bool) -> Int32Array:
    longest = chance.pick([0, 1, 2, 5, 17])
    if single:
        return np.array([longest], np.int32)
    return chance.rng().integers(0, longest, size, endpoint=True).astype(np.int32)


def _line(
    chance: Chance, name: str, index: int, known: Sequence[_Source]
) -> tuple[Population, list[Projection], _Source]:
    """A delay line of any source, now and then of two, and what it is to others."""
    small = [source for source in known if source.most <= 32767]
    first = chance.pick(small) if small else known[0]
    others = [s for s in small if s.size == first.size and s.most + first.most <= 32767]
    feeds = [first, chance.pick(others)] if others and chance.flag(3) else [first]
    most = sum(source.most for source in feeds)
    if not small:  # its values do not fit; it delays nothing
        feeds, most = [], 1
    several = most > 1 or chance.flag(4)
    most = most if not several else min(most + chance.pick([0, 1]), 32767)
    population = Population(
        name=name,
        size=first.size,
        frac=0,
        choices=LifChoices(several=several),
        parameters={"delay": _delays(chance, first.size, single=chance.flag())},
        max_count=most,
        kind=PopulationKind.DELAY,
    )
    projections = [
        Projection(
            name="", source=s.index, from_input=s.from_input, target=index, weights=None, kind=ProjectionKind.FEED
        )
        for s in feeds
    ]
    return population, projections, _of_population(index, population, first.shape)


def _to_lif(chance: Chance, target: int, image: Shape, known: Sequence[_Source], weight: int) -> list[Projection]:
    found: list[Projection] = []
    total = 0
    for _ in range(chance.pick([1, 2, 3, 0])):
        source = chance.pick([s for s in known if s.from_input] if not chance.flag(3) else known)
        total += source.total
        if total > INPUT_SUM_MAX:
            break
        size = int(np.prod(image))
        fields = _brings(chance, source.shape, image, weight)
        late = _delays(chance, size, single=False) if chance.flag(5) else None
        found.append(
            Projection(name="", source=source.index, from_input=source.from_input, target=target, delays=late, **fields)
        )
    return found


def _brings(chance: Chance, source: Shape, target: Shape, weight: int) -> dict[str, Any]:
    """What an event brings: kind, bits, maps, weights."""
    kind = chance.pick(_KINDS)
    sparse = kind in {ProjectionKind.SPARSE, ProjectionKind.SPARSE4}
    bits = 8 if sparse else chance.pick([8, 4, 2, 1])
    channels, height, width = source
    mapped = kind is ProjectionKind.CONV or chance.flag(3)
    pool = (chance.integer(1, min(height, 3)), chance.integer(1, min(width, 3))) if chance.flag() else (1, 1)
    origin = SourceMap(channels=channels, height=height, width=width, planar=chance.flag(), pool=pool)
    fields: dict[str, Any] = {"kind": kind, "bits": bits, "source_map": origin if mapped else None}
    rows, columns = origin.rows if mapped else origin.size, int(np.prod(target))
    if sparse:
        return fields | {"weights": _sparse(chance, rows, columns, weight)}
    if kind is ProjectionKind.DENSE:
        return fields | {"weights": _weights(chance, (rows, columns), bits, weight)}
    outs, out_height, out_width = target
    common = gcd(channels, outs)
    geometry = TargetMap(
        channels=outs,
        height=out_height,
        width=out_width,
        planar=chance.flag(),
        groups=chance.pick([n for n in range(1, common + 1) if common % n == 0]),
        kernel=(chance.integer(1, 4), chance.integer(1, 5)),
        stride=(chance.pick([1, 2, 3]), chance.pick([1, 2, 3])),
        pad=(chance.pick([0, 1, 2, -1]), chance.pick([0, 1, 3, -2])),
        dilation=(chance.pick([1, 1, 2]), chance.pick([1, 1, 2, 3])),
    )
    within = (outs, channels // geometry.groups, *geometry.kernel)
    return fields | {"target_map": geometry, "weights": _weights(chance, within, bits, weight)}


def _weights(chance: Chance, within: tuple[int, ...], bits: int, weight: int) -> np.ndarray[Any, np.dtype[np.int8]]:
    rng = chance.rng()
    if bits == 1:
        return (2 * rng.integers(0, 1, within, endpoint=True) - 1).astype(np.int8)
    half = 2 ** (bits - 1)
    return rng.integers(max(-half, -weight - 1), min(half - 1, weight), within, endpoint=True).astype(np.int8)


def _sparse(chance: Chance, rows: int, columns: int, weight: int) -> SparseWeights:
    rng = chance.rng()
    there = rng.random((rows, columns)) < chance.pick([0.2, 0.02, 0.6, 0.0])
    row, targets = np.nonzero(there)
    values = rng.integers(1, weight, len(row), endpoint=True) * rng.choice([-1, 1], len(row))
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))])
    return SparseWeights(start=start.astype(np.int64), targets=targets.astype(np.int64), values=values.astype(np.int8))
