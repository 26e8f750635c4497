"""Places a directed graph in layers from top to bottom: layers, order, positions, and the way of each edge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

__all__ = ["Box", "Layout", "Line", "Placed", "Route", "layout"]

#: Room between neighbours of a layer, between layers, and what a line that only passes takes.
_BESIDE, _BELOW, _PASSING = 26.0, 20.0, 14.0
_SWEEPS = 16
_Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Something to place: its size, and room to the right of it that belongs to it (a loop)."""

    width: float
    height: float
    beside: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An edge between two boxes, by index, with room for a label; `back` ones lead upwards. No loops."""

    source: int
    target: int
    width: float = 0.0
    height: float = 0.0
    back: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """Middle of a box."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Route:
    """Points of an edge from source to target: the line goes straight down or up between the first and second,
    third and fourth and so on, and bends between the others. `label` is the middle of its label.
    """

    points: tuple[_Point, ...]
    label: _Point


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is; boxes and lines in the order in which they were given."""

    width: float
    height: float
    boxes: tuple[Placed, ...]
    routes: tuple[Route, ...]


@dataclass(slots=True)
class _Item:
    """What stands in a layer: a box, a label, or a line that passes."""

    layer: int
    left: float
    right: float
    height: float
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)
    weight: float = 1.0
    x: float = 0.0


def layout(boxes: Sequence[Box], lines: Sequence[Line]) -> Layout:
    """Place boxes so that lines lead down, those that lead back up, with few crossings.

    The same input gives the same places. Lines that do not lead back must have no cycle.
    """
    ranks = _ranks(len(boxes), lines)
    items = [
        _Item(2 * rank, box.width / 2, box.width / 2 + box.beside, box.height)
        for rank, box in zip(ranks, boxes, strict=True)
    ]
    chains = [_chain(items, line, ranks) for line in lines]
    layers: list[list[int]] = [[] for _ in range(max((item.layer for item in items), default=0) + 1)]
    for index in _depth_first(items, len(boxes)):
        layers[items[index].layer].append(index)
    layers = _ordered(items, layers)
    _spread(items, layers)
    tops = _tops(items, layers)
    shift = min((item.x - item.left for item in items), default=0.0)
    for item in items:
        item.x -= shift
    middle = [
        top + max((items[i].height for i in layer), default=0.0) / 2 for top, layer in zip(tops, layers, strict=True)
    ]
    return Layout(
        max((item.x + item.right for item in items), default=0.0),
        tops[-1] + max((items[i].height for i in layers[-1]), default=0.0) if tops else 0.0,
        tuple(Placed(items[i].x, middle[items[i].layer]) for i in range(len(boxes))),
        tuple(_routes(items, layers, chains, lines)),
    )


def _ranks(count: int, lines: Sequence[Line]) -> list[int]:
    """The layer of each box: one below the lowest of those above it; what has nothing above it comes down."""
    ends = [(line.target, line.source) if line.back else (line.source, line.target) for line in lines]
    ranks = [0] * count
    for _ in range(count):
        before = list(ranks)
        for upper, lower in ends:
            ranks[lower] = max(ranks[lower], ranks[upper] + 1)
        if before == ranks:
            break
    lowers = {lower for _, lower in ends}
    for index in range(count):
        below = [ranks[lower] for upper, lower in ends if upper == index]
        if index not in lowers and below:
            ranks[index] = min(below) - 1
    return ranks


def _chain(items: list[_Item], line: Line, ranks: Sequence[int]) -> list[int]:
    """The items of a line from its upper to its lower box; the label stands in the middle of them."""
    upper, lower = (line.target, line.source) if line.back else (line.source, line.target)
    between = range(2 * ranks[upper] + 1, 2 * ranks[lower])
    label = between[len(between) // 2 - (len(between) // 2) % 2]
    chain = [upper]
    for layer in between:
        half = max(line.width / 2, _PASSING / 2) if layer == label else _PASSING / 2
        items.append(_Item(layer, half, half, line.height if layer == label else 0.0, weight=4.0))
        chain.append(len(items) - 1)
    chain.append(lower)
    for a, b in pairwise(chain):
        items[a].below.append(b)
        items[b].above.append(a)
    return chain


def _depth_first(items: list[_Item], boxes: int) -> Iterator[int]:
    """All items in the order in which they are met from the boxes downwards."""
    seen: set[int] = set()
    for start in sorted(range(boxes), key=lambda i: (items[i].layer, i)):
        stack = [start]
        while stack:
            index = stack.pop()
            if index in seen:
                continue
            seen.add(index)
            yield index
            stack += [i for i in reversed(items[index].below) if i not in seen]


def _ordered(items: list[_Item], layers: list[list[int]]) -> list[list[int]]:
    """Sort each layer by the middle of what is above or below it, in turn; keep the order with fewest crossings."""
    best, fewest = [list(layer) for layer in layers], _crossings(items, layers)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        place = {index: float(at) for layer in layers for at, index in enumerate(layer)}
        for layer in layers if down else reversed(layers):
            keys = {}
            for at, index in enumerate(layer):
                others = items[index].above if down else items[index].below
                keys[index] = sum(place[o] for o in others) / len(others) if others else float(at)
            layer.sort(key=lambda index: (keys[index], place[index]))
            place.update({index: float(at) for at, index in enumerate(layer)})
        crossings = _crossings(items, layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _crossings(items: list[_Item], layers: list[list[int]]) -> int:
    place = {index: at for layer in layers for at, index in enumerate(layer)}
    count = 0
    for layer in layers:
        ends = [(place[a], place[b]) for a in layer for b in items[a].below]
        ends.sort()
        count += sum(1 for i, (_, b) in enumerate(ends) for _, d in ends[i + 1 :] if d < b)
    return count


def _spread(items: list[_Item], layers: list[list[int]]) -> None:
    """Give every item a place near its neighbours, in order and without overlap."""
    for layer in layers:
        _settle(items, layer, [0.0] * len(layer))
    for sweep in range(4 * _SWEEPS):
        down = sweep % 2 == 0
        last = sweep >= 2 * _SWEEPS
        for layer in layers if down else reversed(layers):
            wanted = []
            for index in layer:
                item = items[index]
                others = item.above + item.below if last else item.above if down else item.below
                others = others or item.below or item.above
                pull = [items[o].weight * item.weight for o in others]
                total = sum(w * items[o].x for w, o in zip(pull, others, strict=True))
                wanted.append(total / sum(pull) if others else item.x)
            _settle(items, layer, wanted)


def _settle(items: list[_Item], layer: list[int], wanted: list[float]) -> None:
    """The places nearest to those wanted that keep the order and the room (pooling of adjacent violators)."""
    offsets, at = [], 0.0
    for position, index in enumerate(layer):
        if position:
            at += items[layer[position - 1]].right + _BESIDE + items[index].left
        offsets.append(at)
    pools: list[tuple[float, float, int]] = []
    for index, value, offset in zip(layer, wanted, offsets, strict=True):
        mean, weight, count = value - offset, items[index].weight, 1
        while pools and pools[-1][0] > mean:
            other, w, n = pools.pop()
            mean, weight, count = (mean * weight + other * w) / (weight + w), weight + w, count + n
        pools.append((mean, weight, count))
    places = [mean for mean, _, count in pools for _ in range(count)]
    for index, place, offset in zip(layer, places, offsets, strict=True):
        items[index].x = place + offset


def _tops(items: list[_Item], layers: list[list[int]]) -> list[float]:
    """Where each layer begins."""
    tops, y = [], 0.0
    for layer in layers:
        tops.append(y)
        y += max((items[i].height for i in layer), default=0.0) + _BELOW
    return tops


def _routes(
    items: list[_Item], layers: list[list[int]], chains: list[list[int]], lines: Sequence[Line]
) -> Iterator[Route]:
    """The way of each line; lines that share a box begin and end side by side."""
    tops = _tops(items, layers)
    high = [max((items[i].height for i in layer), default=0.0) for layer in layers]
    starts = _ports(items, chains, lower=False)
    ends = _ports(items, chains, lower=True)
    for number, (chain, line) in enumerate(zip(chains, lines, strict=True)):
        upper, lower = items[chain[0]], items[chain[-1]]
        x, y = upper.x + starts[number], tops[upper.layer] + high[upper.layer] / 2
        points = [(x, y + upper.height / 2), (x, tops[upper.layer] + high[upper.layer])]
        for index in chain[1:-1]:
            item = items[index]
            points += [(item.x, tops[item.layer]), (item.x, tops[item.layer] + high[item.layer])]
        x, y = lower.x + ends[number], tops[lower.layer] + high[lower.layer] / 2
        points += [(x, tops[lower.layer]), (x, y - lower.height / 2)]
        inner = chain[1:-1]
        label = items[inner[len(inner) // 2 - (len(inner) // 2) % 2]]
        at = (label.x, tops[label.layer] + high[label.layer] / 2)
        yield Route(tuple(reversed(points)) if line.back else tuple(points), at)


def _ports(items: list[_Item], chains: list[list[int]], *, lower: bool) -> dict[int, float]:
    """How far from a box's middle each line begins (or ends), in the order of where the lines come from."""
    by_box: dict[int, list[int]] = {}
    for number, chain in enumerate(chains):
        by_box.setdefault(chain[-1] if lower else chain[0], []).append(number)
    found = {}
    for box, numbers in by_box.items():
        numbers.sort(key=lambda n: (items[chains[n][-2] if lower else chains[n][1]].x, n))
        width = items[box].left * 2
        step = min(26.0, (width - 24) / max(len(numbers) - 1, 1))
        for position, number in enumerate(numbers):
            found[number] = (position - (len(numbers) - 1) / 2) * step
    return found
