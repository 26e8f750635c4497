"""Where each tensor lies: bodies are placed one after the other, each as low as it fits, in the best of many orders."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from spikelet.converters.tflite.bodies import Body, bodies_of, forbidden, least_memory
from spikelet.converters.tflite.draft import Draft
from spikelet.converters.tflite.elide import elide_copies, extents_of
from spikelet.converters.tflite.provenance import reads_alike, trace

__all__ = ["Plan", "plan"]

#: Pairs of bodies that are looked at in search of a better order.
_SEARCH = 60_000
#: The same of all orders that are tried first; one is.
_ORDERS = 2_000_000
_ALIGNED, _ROUNDED = 4, 8
#: Layers times values up to which a plan is followed byte by byte.
_TRACED = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A draft with places: of each value that has bytes of its own, where it begins.

    `memory` is bytes in all, `variables` those of the kept values, which lie first; `least` is what no plan of this
    draft can go below.
    """

    draft: Draft
    at: Mapping[int, int]
    memory: int
    variables: int
    least: int

    def place(self, value: int) -> int:
        """Where any value begins."""
        root, offset = self.draft.place(value)
        return self.at[root] + offset


def plan(draft: Draft) -> Plan:
    """Drop copies that need not be made, and place all values in as little memory as is found."""
    found = [_placed(elide_copies(draft, grow_kept=grow)) for grow in ((False, True) if draft.kept else (False,))]
    best = min(found, key=lambda each: (each.memory, len(each.draft.layers)))
    if len(draft.layers) * len(draft.values) <= _TRACED:
        assert _is_right(draft, best)
    return best


def _is_right(draft: Draft, found: Plan) -> bool:
    """Whether every layer reads in the plan's memory what it reads where all values lie apart."""
    wanted = trace(dict(enumerate(draft.layers)), draft, extents_of(draft))
    numbers = {id(layer): number for number, layer in enumerate(draft.layers)}
    layers = {numbers[id(layer)]: layer for layer in found.draft.layers}
    values = found.draft.values
    extents = [
        None if value.constant is not None else (0, found.place(i), found.place(i) + value.bytes)
        for i, value in enumerate(values)
    ]
    return reads_alike(wanted, trace(layers, found.draft, extents))


def _placed(draft: Draft) -> Plan:
    at, variables = {}, 0
    for root in sorted({draft.place(value)[0] for value in draft.kept}):
        at[root] = variables
        variables += _up(draft.values[root].bytes, _ALIGNED)
    variables = _up(variables, _ROUNDED)
    bodies = bodies_of(draft)
    least = least_memory(bodies)
    places, size = _search(bodies, least)
    at |= {body.root: variables + places[index] for index, body in enumerate(bodies)}
    memory = _up(variables + size, _ROUNDED)
    return Plan(draft=draft, at=at, memory=memory, variables=variables, least=_up(variables + least, _ROUNDED))


def _search(bodies: Sequence[Body], least: int) -> tuple[list[int], int]:
    """The positions and the end of the best plan that is found; the same for the same bodies."""
    neighbours = _neighbours(bodies)
    work = sum(map(len, neighbours)) + len(bodies)
    orders: tuple[Callable[[int], tuple[int, ...]], ...] = (
        lambda i: (-bodies[i].last, -bodies[i].first, i),
        lambda i: (-bodies[i].size, -bodies[i].last, i),
        lambda i: (bodies[i].first, bodies[i].last, i),
        lambda i: (bodies[i].first - bodies[i].last, -bodies[i].size, i),
        lambda i: (-bodies[i].size * (bodies[i].last - bodies[i].first + 1), i),
    )
    indices = range(len(bodies))
    tried = []
    for key in orders:
        order = sorted(indices, key=key)
        tried.append((*_lay(bodies, neighbours, order), order))
        if tried[-1][1] <= least:
            return tried[-1][:2]
        if len(tried) * work > _ORDERS:
            break
    places, size, order = min(tried, key=lambda each: each[1])
    chance = random.Random(0)
    for _ in range(_SEARCH // max(work, 1)):
        moved = list(order)
        moved.insert(chance.randrange(len(moved)), moved.pop(chance.randrange(len(moved))))
        other, end = _lay(bodies, neighbours, moved)
        if end <= size:
            places, size, order = other, end, moved
        if size <= least:
            break
    return places, size


def _neighbours(bodies: Sequence[Body]) -> list[list[int]]:
    """Which bodies live at the same time as each one."""
    spans = [(body.first, body.last) for body in bodies]
    return [
        [j for j, (first, last) in enumerate(spans) if j != i and first <= spans[i][1] and spans[i][0] <= last]
        for i in range(len(bodies))
    ]


def _lay(bodies: Sequence[Body], neighbours: Sequence[Sequence[int]], order: Sequence[int]) -> tuple[list[int], int]:
    """Place bodies in an order, each as low as it fits."""
    places = [-1] * len(bodies)
    end = 0
    for index in order:
        body = bodies[index]
        barred = sorted(
            interval
            for other in neighbours[index]
            if places[other] >= 0
            for interval in forbidden(body, bodies[other], places[other])
        )
        at = 0
        for low, high in barred:
            if low >= at:
                break
            at = max(at, _up(high, _ALIGNED))
        places[index] = at
        end = max(end, at + body.size)
    return places, end


def _up(n: int, multiple: int) -> int:
    return -(-n // multiple) * multiple
