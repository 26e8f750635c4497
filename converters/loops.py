"""Cycles of a network: which edges are on them, and what a population feeds back to itself."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spikelet.converters.choices import FIRING, kind_of
from spikelet.converters.graph import Network
from spikelet.converters.nodes import Delay, DelayLine, Neurons, Node

__all__ = ["Edge", "feedback", "fires", "open_edges", "recurrent"]

Edge = tuple[str, str]


def fires(node: Node) -> bool:
    """Whether a node makes spikes."""
    if isinstance(node, Neurons):
        return node.choices.fires
    return kind_of(node) in FIRING or kind_of(node) == "Threshold"


def _takes_time(node: Node) -> bool:
    """Whether all that passes through a node comes out in a later tick."""
    if isinstance(node, DelayLine):
        return node.breaks
    return isinstance(node, Delay) and bool(np.all(node.delay > 0))


def open_edges(network: Network) -> list[Edge]:
    """Edges on cycles that take no time yet."""
    return [edge for part in _components(_instant(network)) for edge in part]


def feedback(network: Network) -> list[Edge]:
    """Edges by which a population feeds back to itself, through no other population, in no time yet."""
    return _own(network, _instant(network))


def recurrent(network: Network) -> set[str]:
    """Populations that feed back to themselves through no other population, in whatever time."""
    return {a for a, _ in _own(network, network.edges)}


def _instant(network: Network) -> list[Edge]:
    return [(a, b) for a, b in network.edges if not _takes_time(network.nodes[b])]


def _own(network: Network, edges: Collection[Edge]) -> list[Edge]:
    found: list[Edge] = []
    for part in _components(edges):
        firing = {path for edge in part for path in edge if fires(network.nodes[path])}
        for path in sorted(firing):
            others = firing - {path}
            alone = [edge for edge in part if not others & set(edge)] if others else part
            mine = _components(alone) if others else [part]
            found += [(a, b) for own in mine for a, b in own if a == path]
    return found


def _components(edges: Collection[Edge]) -> list[list[Edge]]:
    """The edges on cycles, those that share cycles together."""
    index = {path: i for i, path in enumerate(dict.fromkeys(path for edge in edges for path in edge))}
    if not index:
        return []
    a, b = np.array([(index[a], index[b]) for a, b in edges]).T
    links = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(len(index),) * 2)
    labels = connected_components(links.tocsr(), directed=True, connection="strong")[1]
    parts: dict[int, list[Edge]] = {}
    for edge, from_, to in zip(edges, labels[a], labels[b], strict=True):
        if from_ == to:
            parts.setdefault(int(from_), []).append(edge)
    return list(parts.values())
