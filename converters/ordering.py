"""In which order populations are updated, and where cycles go back by a tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spikelet.converters.graph import Network
from spikelet.converters.nodes import DelayLine, Input, Neurons, Node, Output, Ticks
from spikelet.errors import ConvertError

__all__ = ["Ordered", "order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """Populations and delay lines in the order of their updates.

    `ticks` are those that a line adds; one is less than the network says where its source is updated behind it.
    `instead` names the source of a line that adds nothing and is left out.
    """

    paths: tuple[str, ...]
    ticks: Mapping[str, Ticks]
    instead: Mapping[str, str]


def order(network: Network, size: Mapping[str, int]) -> Ordered:
    """Order the updates of a folded network.

    Every source comes before its targets; only a delay line of at least a tick may come before its
    source, whose events it then gets a tick later by itself.

    Raises:
        ConvertError: there is a cycle without a delay.
    """
    sources = _sources(network)
    members = [path for path, node in network.nodes.items() if isinstance(node, (Neurons, DelayLine))]
    needs = {path: {a for a in sources[path] if a in set(members)} for path in members}
    paths: list[str] = []
    back: set[str] = set()
    while len(paths) < len(members):
        ready = [path for path in members if path not in paths and needs[path] <= set(paths)]
        if not ready:
            line = next((path for path in members if path not in paths and _breaks(network.nodes[path])), None)
            if line is None:
                raise ConvertError(
                    ", ".join(path for path in members if path not in paths),
                    "edges",
                    found="a cycle without a delay",
                    allowed="cycles on which one edge takes a tick",
                    hint="Say which edge with cycle_delay=.",
                )
            back.add(line)
            ready = [line]
        paths += ready[:1] if ready[0] in back else ready
    ticks = {
        path: np.broadcast_to(node.ticks - (path in back), size[path]).astype(np.int64)
        for path, node in network.nodes.items()
        if isinstance(node, DelayLine)
    }
    instead = {
        path: sources[path][0]
        for path in back
        if not np.any(ticks[path]) and _reads_back(network, path, sources[path][0], paths)
    }
    return Ordered(paths=tuple(path for path in paths if path not in instead), ticks=ticks, instead=instead)


def _sources(network: Network) -> dict[str, list[str]]:
    """Populations, lines and inputs that send to each population or line; weights are looked through."""
    direct: dict[str, list[str]] = {path: [] for path in network.nodes}
    for a, b in network.edges:
        direct[b].append(a)
    real = (Input, Neurons, DelayLine)
    return {
        path: [
            source
            for a in direct[path]
            for source in ([a] if isinstance(network.nodes[a], real) else direct[a])
        ]
        for path, node in network.nodes.items()
        if isinstance(node, real)
    }  # fmt: skip


def _breaks(node: Node) -> bool:
    return isinstance(node, DelayLine) and node.breaks


def _reads_back(network: Network, line: str, source: str, paths: list[str]) -> bool:
    """Whether all that a line feeds are updated before, or as, its source: then the source itself comes a tick late."""
    place = {path: i for i, path in enumerate(paths)}
    if any(isinstance(network.nodes[path], Output) for path in network.targets(line)):
        return False
    targets = [target for weights in network.targets(line) for target in network.targets(weights)]
    return source in place and bool(targets) and all(place[target] <= place[source] for target in targets)
