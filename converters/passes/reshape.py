"""What does not compute goes: reshapes, borders of inner graphs, nodes that lead nowhere."""

from __future__ import annotations

from dataclasses import replace

from spikelet.converters.graph import Network, shapes
from spikelet.converters.nodes import (
    Conv,
    Flat,
    Flatten,
    Identity,
    Input,
    Neurons,
    Node,
    Output,
    Pool,
    Scale,
    Shape,
    size_of,
)
from spikelet.errors import ConvertError

__all__ = ["drop_reshapes", "prune"]


def drop_reshapes(network: Network) -> Network:
    """Take out Flatten and Identity: neurons are numbered in C order, so they move nothing.

    Everything is flat afterwards; what needs the axes of its input (Conv, Pool) keeps them in a Flat.
    """
    given = _given_shapes(network)
    gone = {path for path, _ in network.of(Flatten, Identity)}
    edges = list(network.edges)
    for path in gone:
        into = [a for a, b in edges if b == path]
        out = [b for a, b in edges if a == path]
        edges = [e for e in edges if path not in e] + [(a, b) for a in into for b in out]
        twice = next((e for e in edges if edges.count(e) > 1), None)
        if twice is not None:
            raise ConvertError(
                f"{twice[0]} -> {twice[1]}",
                "edges",
                found="two ways without a weight in between",
                allowed="one",
                hint="Put a Scale node into one of them.",
            )
    nodes = {path: _flat(node, given[path]) for path, node in network.nodes.items() if path not in gone}
    return Network(nodes=nodes, edges=tuple(sorted(edges)), meta=network.meta)


def _given_shapes(network: Network) -> dict[str, Shape]:
    """Shape of what comes to each node; () where nothing does."""
    shape = shapes(network, "drop_reshapes")
    return {path: shape[network.sources(path)[0]] if network.sources(path) else () for path in network.nodes}


def _flat(node: Node, given: Shape) -> Node:
    if isinstance(node, Neurons):
        return replace(node, shape=(node.size,))
    if isinstance(node, Output):
        return Output(shape=None)
    if isinstance(node, Input):
        known = (*node.shape[1:], node.shape[0]) if node.channels_last else node.shape
        return replace(node, shape=(size_of(node.shape),), port_shape=known)
    if isinstance(node, Scale):
        return Scale(scale=node.scale.reshape(-1))
    if isinstance(node, (Conv, Pool)):
        return Flat(node=node, shape=given)
    return node


def prune(network: Network) -> Network:
    """Drop what leads to no Output."""
    needed: set[str] = {path for path, _ in network.of(Output)}
    sources: dict[str, list[str]] = {path: [] for path in network.nodes}
    for a, b in network.edges:
        sources[b].append(a)
    waiting = list(needed)
    while waiting:
        new = set(sources[waiting.pop()]) - needed
        needed |= new
        waiting += new
    needed |= {path for path, _ in network.of(Input)}
    return Network(
        nodes={path: node for path, node in network.nodes.items() if path in needed},
        edges=tuple(edge for edge in network.edges if set(edge) <= needed),
        meta=network.meta,
    )
