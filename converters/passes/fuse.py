"""An integrator followed by a Threshold is a neuron that fires and does not reset."""

from __future__ import annotations

from dataclasses import replace

from spikelet.converters.graph import Network
from spikelet.converters.nodes import Identity, Neurons, Node
from spikelet.model import ResetKind

__all__ = ["fuse_thresholds"]


def fuse_thresholds(network: Network) -> Network:
    """Let I, LI or CubaLI fire where Threshold nodes are all that they feed, or one of several consumers.

    Such a Threshold becomes the firing neuron; the integrator stays only for other consumers.
    """
    nodes: dict[str, Node] = dict(network.nodes)
    edges = set(network.edges)
    for path, node in network.of(Neurons):
        if node.choices.fires:
            continue
        for target in _through(network, path):
            threshold = network.nodes[target]
            if not (isinstance(threshold, Neurons) and _memoryless(threshold)) or len(network.sources(target)) != 1:
                continue
            nodes[target] = replace(
                node,
                choices=replace(node.choices, fires=True, reset_kind=ResetKind.NONE),
                strict=threshold.strict,
                threshold=threshold.threshold - node.offset,
            )
            edges -= {(a, b) for a, b in edges if b == target}
            edges |= {(source, target) for source in network.sources(path)}
        if not any(a == path for a, _ in edges):
            del nodes[path]
            edges = {(a, b) for a, b in edges if b != path}
    return Network(nodes=nodes, edges=tuple(sorted(edges)), meta=network.meta)


def _through(network: Network, path: str) -> list[str]:
    """Consumers of a node."""
    return [target for target in network.targets(path) if not isinstance(network.nodes[target], Identity)]


def _memoryless(node: Neurons) -> bool:
    return node.choices.fires and not node.decay_v.any() and not node.choices.has_u
