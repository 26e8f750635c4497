"""The float network: nodes by path, edges between them, and the check that runs after every pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from heapq import heappop, heappush
from typing import Any

import numpy as np

from spikelet.converters.nodes import FloatArray, Input, Neurons, Node, Output, Shape, size_of
from spikelet.errors import ConvertError

__all__ = ["MAX_ELEMENTS", "MAX_SIZE", "Network", "check", "shapes", "topological"]

#: Most neurons of a population or port (an event has 16 bits for the neuron).
MAX_SIZE = 65535
#: Most numbers of a file, or weights between two populations: many times what a microcontroller holds.
MAX_ELEMENTS = 2**25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """Nodes by path, such as "net.fc1", and edges between paths; several edges into a node add.

    `meta` says where the network came from; nothing in it changes a result.
    """

    nodes: Mapping[str, Node]
    edges: tuple[tuple[str, str], ...]
    meta: Mapping[str, Any] = field(default_factory=dict)

    def sources(self, path: str) -> list[str]:
        """Paths of the nodes with an edge to `path`."""
        return [a for a, b in self.edges if b == path]

    def targets(self, path: str) -> list[str]:
        """Paths of the nodes that `path` has an edge to."""
        return [b for a, b in self.edges if a == path]

    def of(self, *kinds: type[Node]) -> Iterator[tuple[str, Any]]:
        """Paths and nodes of some kinds."""
        return ((path, node) for path, node in self.nodes.items() if isinstance(node, kinds))


def _same(a: Shape, b: Shape) -> bool:
    """Equal shapes; leading axes of length 1 (a batch in the sample of an export) do not count."""

    def bare(shape: Shape) -> Shape:
        first = next((i for i, axis in enumerate(shape) if axis != 1), max(len(shape) - 1, 0))
        return shape[first:]

    return bare(a) == bare(b)


def topological(network: Network) -> list[str]:
    """All paths, sources first; among equals in the order of the nodes.

    Raises:
        ConvertError: the network has a cycle.
    """
    waiting = {path: len(network.sources(path)) for path in network.nodes}
    targets: dict[str, list[str]] = {path: [] for path in network.nodes}
    for a, b in network.edges:
        targets[a].append(b)
    rank = {path: i for i, path in enumerate(network.nodes)}
    ready = [(rank[path], path) for path, n in waiting.items() if n == 0]
    order: list[str] = []
    while ready:
        _, path = heappop(ready)
        order.append(path)
        for target in targets[path]:
            waiting[target] -= 1
            if waiting[target] == 0:
                heappush(ready, (rank[target], target))
    if len(order) < len(network.nodes):
        raise ConvertError(
            _cycle(network, set(order)),
            "edges",
            found="a cycle",
            allowed="feed-forward networks (branches and sums included)",
            hint="Recurrent layers are not supported by this version.",
        )
    return order


def _cycle(network: Network, done: set[str]) -> str:
    """Name one cycle among the nodes that are not done."""
    path = next(p for p in network.nodes if p not in done)
    seen: list[str] = []
    while path not in seen:
        seen.append(path)
        path = next(a for a in network.sources(path) if a not in done)
    return " -> ".join([path, *reversed(seen[seen.index(path) :])])


def shapes(network: Network, stage: str) -> dict[str, Shape]:
    """Output shape of every node.

    Raises:
        ConvertError: a node cannot take what it is given, has no input, or is too large.
    """
    result: dict[str, Shape] = {}
    for path in topological(network):
        node = network.nodes[path]
        given = [result[a] for a in network.sources(path)]
        if not given and not isinstance(node, Input):
            raise ConvertError(
                path, "edges", found="no edge into it", allowed="at least one", hint="Connect the node or remove it."
            )
        try:
            result[path] = _output_shape(node, given)
        except ValueError as error:
            raise ConvertError(
                path,
                "shape",
                found=str(error),
                allowed="shapes that fit together",
                hint=f"Inputs: {', '.join(network.sources(path)) or 'none'}. Seen at stage {stage!r}.",
            ) from error
        if not 1 <= size_of(result[path]) <= MAX_SIZE:
            raise ConvertError(
                path,
                "shape",
                found=f"{size_of(result[path])} neurons, shape {result[path]}",
                allowed=f"1 .. {MAX_SIZE}",
                hint="Events number neurons with 16 bits: split the population in the source framework.",
            )
    return result


def _output_shape(node: Node, given: list[Shape]) -> Shape:
    wanted = node.takes()
    for shape in given:
        if wanted is None:
            wanted = shape
        elif not _same(shape, wanted):
            raise ValueError(f"an input of shape {shape} where {wanted} is needed")
    return node.gives(wanted if wanted is not None else ())


def check(network: Network, stage: str) -> Network:
    """Check that edges, shapes and numbers of a network make sense; runs after every pass.

    Raises:
        ConvertError: an edge leads nowhere, shapes do not fit, a number is not finite, there is a cycle.
    """
    for a, b in network.edges:
        missing = [path for path in (a, b) if path not in network.nodes]
        if missing:
            raise ConvertError(
                f"{a} -> {b}",
                "edges",
                found=f"no node {missing[0]!r}",
                allowed=", ".join(network.nodes),
                hint=f"Seen at stage {stage!r}.",
            )
    for kind in (Input, Output):
        if not any(network.of(kind)):
            raise ConvertError(
                "network",
                "nodes",
                found=f"no {kind.__name__}",
                allowed="at least one",
                hint=f"Add an {kind.__name__} node where the network begins or ends.",
            )
    for path, node in network.nodes.items():
        for name, value in _arrays(node):
            unbounded = isinstance(node, Neurons) and name in ("threshold", "v_min")
            if np.any(np.isnan(value)) or (not unbounded and np.any(np.isinf(value))):
                raise ConvertError(
                    path, name, found="NaN or infinity", allowed="finite numbers", hint=f"Seen at stage {stage!r}."
                )
    shapes(network, stage)
    return network


def _arrays(node: Node) -> Iterator[tuple[str, FloatArray]]:
    for name in (f.name for f in fields(node)):  # type: ignore[arg-type]
        value = getattr(node, name)
        if isinstance(value, np.ndarray):
            yield name, value
