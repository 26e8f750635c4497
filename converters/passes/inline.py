"""Graphs inside graphs become part of the graph around them."""

from __future__ import annotations

from spikelet.converters.graph import Network
from spikelet.converters.nodes import Graph, Identity, Input, Node, Output
from spikelet.errors import ConvertError

__all__ = ["inline"]


def inline(network: Network) -> Network:
    """Put the nodes of every inner graph into the outer one, as "outer.inner".

    The inner Input and Output become Identity nodes.

    Raises:
        ConvertError: an inner graph has not exactly one Input and one Output, or two paths are equal.
    """
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str]] = []
    enter: dict[str, str] = {}
    leave: dict[str, str] = {}
    for path, node in network.nodes.items():
        if not isinstance(node, Graph):
            _add(nodes, path, node)
            continue
        inner = inline(node.network)
        enter[path], leave[path] = _border(inner, path, Input), _border(inner, path, Output)
        for name, part in inner.nodes.items():
            _add(nodes, f"{path}.{name}", Identity() if isinstance(part, (Input, Output)) else part)
        edges += [(f"{path}.{a}", f"{path}.{b}") for a, b in inner.edges]
    edges += [(leave.get(a, a), enter.get(b, b)) for a, b in network.edges]
    return Network(nodes=nodes, edges=tuple(sorted(edges)), meta=network.meta)


def _add(nodes: dict[str, Node], path: str, node: Node) -> None:
    if path in nodes:
        raise ConvertError(path, "", found="two nodes of this path", allowed="one", hint="Rename one of them.")
    nodes[path] = node


def _border(network: Network, path: str, kind: type[Node]) -> str:
    """Path of the one Input or Output of an inner graph, seen from outside."""
    names = [name for name, _ in network.of(kind)]
    if len(names) != 1:
        raise ConvertError(
            path,
            "nodes",
            found=f"{len(names)} nodes of kind {kind.__name__}",
            allowed="exactly one in a graph inside a graph",
            hint=(
                "An edge of NIR names the graph, not which of these is meant:"
                " make it several graphs, or put its nodes into the outer one."
            ),
        )
    return f"{path}.{names[0]}"
