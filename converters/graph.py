"""The float network: nodes by path, edges between them, and the check that runs after every pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from heapq import heappop, heappush
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.nodes import DelayLine, Input, Neurons, Node, Output, Shape, Sparse, size_of
from spikelet.errors import ConvertError

__all__ = ["MAX_ELEMENTS", "MAX_SIZE", "Network", "check", "incoming", "listed", "outgoing", "shapes", "topological"]

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


def incoming(network: Network) -> dict[str, list[str]]:
    """Sources of every node: one walk over the edges, where `Network.sources` walks for each node."""
    sources: dict[str, list[str]] = {path: [] for path in network.nodes}
    for a, b in network.edges:
        sources[b].append(a)
    return sources


def outgoing(network: Network) -> dict[str, list[str]]:
    """Targets of every node."""
    targets: dict[str, list[str]] = {path: [] for path in network.nodes}
    for a, b in network.edges:
        targets[a].append(b)
    return targets


def listed(names: Iterable[str], most: int = 20) -> str:
    """Names with commas between; of many only the first."""
    every = list(names)
    return ", ".join(every[:most]) + (f", ... ({len(every)} in all)" if len(every) > most else "")


def _breaks(node: Node) -> bool:
    """Whether a node's output of a tick is known before its input."""
    return isinstance(node, DelayLine) and node.breaks


def topological(network: Network) -> list[str]:
    """All paths, sources first; among equals in the order of the nodes.

    A DelayLine that breaks cycles comes before its sources, if it must: what it gives it got in earlier ticks.

    Raises:
        ConvertError: the network has a cycle without such a line.
    """
    sources, targets = incoming(network), outgoing(network)
    waiting = {path: 0 if _breaks(node) else len(sources[path]) for path, node in network.nodes.items()}
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
            _cycle(network, sources, set(order)),
            "edges",
            found="a cycle that takes no time",
            allowed="cycles on which an edge takes a tick",
            hint="Say which: cycle_delay='a->b' for the edge from a to b, or 'feedback' for what neurons feed back.",
        )
    return order


def _cycle(network: Network, sources: Mapping[str, list[str]], done: set[str]) -> str:
    """Name one cycle among the nodes that are not done."""
    path = next(p for p in network.nodes if p not in done)
    seen: list[str] = []
    while path not in seen:
        seen.append(path)
        path = next(a for a in sources[path] if a not in done)
    return " -> ".join([path, *reversed(seen[seen.index(path) :])])


def shapes(network: Network, stage: str) -> dict[str, Shape]:
    """Output shape of every node.

    On a cycle the shape comes from what enters it, or from a node whose parameters have a shape; then every
    edge is checked.

    Raises:
        ConvertError: a node cannot take what it is given, has no input, or is too large.
    """
    sources, targets = incoming(network), outgoing(network)
    result: dict[str, Shape] = {}
    waiting = {path: len(sources[path]) for path in network.nodes}
    ready = [path for path, n in reversed(waiting.items()) if n == 0]
    # Where only cycles are left, one begins at a node with some input, else at one that knows its shape.
    fed: list[str] = []
    own = (path for path, node in network.nodes.items() if node.takes() is not None)
    early: list[str] = []
    while len(result) < len(network.nodes):
        path = ready.pop() if ready else next((p for p in _drained(fed) if p not in result), "")
        path = path or next((p for p in own if p not in result), "")
        if not path:
            raise _unfed(next(p for p in network.nodes if p not in result))
        if path in result:
            continue
        if waiting[path]:
            early.append(path)
        result[path] = _checked_shape(network, path, sources[path], result, stage)
        for target in targets[path]:
            waiting[target] -= 1
            (fed if waiting[target] else ready).append(target)
    for path in early:
        _checked_shape(network, path, sources[path], result, stage)
    return result


def _drained(stack: list[str]) -> Iterator[str]:
    while stack:
        yield stack.pop()


def _unfed(path: str) -> ConvertError:
    return ConvertError(
        path,
        "edges",
        found="a cycle that no Input leads to",
        allowed="nodes with a way from an Input",
        hint="Connect it or remove it.",
    )


def _checked_shape(network: Network, path: str, sources: list[str], known: Mapping[str, Shape], stage: str) -> Shape:
    """The output shape of a node whose sources are known, or some of them on a cycle."""
    node = network.nodes[path]
    if not sources and not isinstance(node, Input):
        raise ConvertError(
            path, "edges", found="no edge into it", allowed="at least one", hint="Connect the node or remove it."
        )
    try:
        shape = _output_shape(node, [known[source] for source in sources if source in known])
    except ValueError as error:
        raise ConvertError(
            path,
            "shape",
            found=str(error),
            allowed="shapes that fit together",
            hint=f"Inputs: {listed(sources) or 'none'}. Seen at stage {stage!r}.",
        ) from error
    if not 1 <= size_of(shape) <= MAX_ELEMENTS:
        raise ConvertError(
            path,
            "shape",
            found=f"{size_of(shape)} neurons, shape {shape}",
            allowed=f"1 .. {MAX_ELEMENTS}",
            hint="This is more than a microcontroller holds: make the layer smaller.",
        )
    return shape


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
        ConvertError: an edge leads nowhere, shapes do not fit, or a number is not finite.
    """
    for a, b in network.edges:
        missing = [path for path in (a, b) if path not in network.nodes]
        if missing:
            raise ConvertError(
                f"{a} -> {b}",
                "edges",
                found=f"no node {missing[0]!r}",
                allowed=listed(network.nodes),
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


def _arrays(node: Node) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    if isinstance(node, Sparse):
        yield "weight", node.weight.data
    for name in (f.name for f in fields(node)):  # type: ignore[arg-type]
        value = getattr(node, name)
        if isinstance(value, np.ndarray):
            yield name, value
