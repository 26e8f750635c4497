"""What the planner places: values with bytes of their own, cut into pieces, and when each piece is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from spikelet.converters.tflite.draft import Draft
from spikelet.converters.tflite.overlap import gap

__all__ = ["Body", "Piece", "bodies_of", "forbidden", "least_memory"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes start .. stop of a body, needed from the layer `first` on up to the layer `last`.

    `written_at` is where the value begins that `first` writes there; `read_at` has, for each value over these bytes
    that `last` reads, where it begins and the gap that the layer's output must keep to it.
    """

    start: int
    stop: int
    first: int
    last: int
    written_at: int | None
    read_at: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Body:
    """A value with bytes of its own, and those that lie in it."""

    root: int
    size: int
    pieces: tuple[Piece, ...]

    @property
    def first(self) -> int:
        """The layer that writes first."""
        return min(piece.first for piece in self.pieces)

    @property
    def last(self) -> int:
        """The layer that reads last."""
        return max(piece.last for piece in self.pieces)


@dataclass(slots=True)
class _Access:
    """One use of the bytes start .. stop of a body at a time: by a write, or by reads with a gap."""

    time: int
    start: int
    stop: int
    gap: int | None


def bodies_of(draft: Draft) -> list[Body]:
    """Every value with bytes of its own that is not kept."""
    accesses: dict[int, list[_Access]] = {root: [] for root in draft.roots()}

    def use(value: int, time: int, distance: int | None) -> None:
        root, start, stop = draft.extent(value)
        accesses[root].append(_Access(time, start, stop, distance))

    for port in draft.inputs:
        use(port.tensor, -1, None)
    for port in draft.outputs:
        use(port.tensor, len(draft.layers), 0)
    for time, layer in enumerate(draft.layers):
        for position, value in enumerate(layer.inputs):
            if draft.values[value].constant is None:
                use(value, time, gap(layer, position, draft.values[value].type, draft.values[layer.output].type))
        use(layer.output, time, None)
    kept = {draft.place(value)[0] for value in draft.kept}
    return [
        Body(root, draft.values[root].bytes, _pieces(each, draft.values[root].bytes))
        for root, each in accesses.items()
        if root not in kept
    ]


def _pieces(accesses: Sequence[_Access], size: int) -> tuple[Piece, ...]:
    ends = sorted({0, size, *(a.start for a in accesses), *(a.stop for a in accesses)})
    pieces = []
    for start, stop in pairwise(ends):
        uses = [a for a in accesses if a.start <= start and stop <= a.stop]
        if not uses:
            continue
        first, last = min(a.time for a in uses), max(a.time for a in uses)
        writes = [a.start for a in uses if a.time == first and a.gap is None]
        reads = tuple((a.start, a.gap) for a in uses if a.time == last and a.gap is not None)
        pieces.append(Piece(start, stop, first, last, writes[0] if writes else None, reads))
    return tuple(pieces)


def forbidden(body: Body, other: Body, at: int) -> list[tuple[int, int]]:
    """Between which positions, both allowed themselves, a body may not begin when another one begins at `at`."""
    found = []
    for mine in body.pieces:
        for its in other.pieces:
            if mine.last < its.first or its.last < mine.first:
                continue
            low, high = at + its.start - mine.stop, at + its.stop - mine.start
            if mine.first == its.last and mine.written_at is not None and its.read_at:
                # My output may begin as far before its input as the layer says.
                low = max(low, min(at + start - distance - mine.written_at for start, distance in its.read_at))
            elif its.first == mine.last and its.written_at is not None and mine.read_at:
                high = min(high, max(at + its.written_at + distance - start for start, distance in mine.read_at))
            if low < high:
                found.append((low, high))
    return found


def least_memory(bodies: Sequence[Body]) -> int:
    """Bytes that no plan can go below: at each layer what lives, an output lying over its inputs as far as it may."""
    times = {time for body in bodies for time in (body.first, body.last)}
    return max((_at(bodies, time) for time in times), default=0)


def _at(bodies: Sequence[Body], time: int) -> int:
    """The bound at a layer."""
    alive = [piece for body in bodies for piece in body.pieces if piece.first <= time <= piece.last]
    begins = [p for p in alive if p.first == time and p.written_at is not None]
    ends = [p for p in alive if p.first < time == p.last and p.read_at]
    through = sum(p.stop - p.start for p in alive) - _sizes(begins) - _sizes(ends)
    both = max(_sizes(begins), _sizes(ends))
    if len(begins) == len(ends) == 1 and begins[0].written_at == begins[0].start:
        # One output over one input: either apart, or so far before it.
        distance = max((gap for start, gap in ends[0].read_at if start == ends[0].start), default=0)
        both = max(both, min(_sizes(ends) + distance, _sizes(begins) + _sizes(ends)))
    return through + both


def _sizes(pieces: Sequence[Piece]) -> int:
    return sum(piece.stop - piece.start for piece in pieces)
