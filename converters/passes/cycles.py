"""Cycles get an edge that takes a tick: what is fed back comes from the tick before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spikelet.converters.graph import Network, listed, topological
from spikelet.converters.loops import Edge, feedback, open_edges
from spikelet.converters.nodes import Affine, DelayLine, Linear, Neurons, Node
from spikelet.errors import ConvertError
from spikelet.model import ResetKind

__all__ = ["break_cycles", "straight_input"]

_FEEDBACK = "feedback"


def break_cycles(network: Network, cycle_delay: Sequence[str]) -> Network:
    """Put a DelayLine of one tick on edges of cycles that take no time yet.

    The edges that are said come first. Then, with "feedback", those by which a population feeds back to
    itself through no other: right behind the population, so that a bias on the way back is there from the
    first tick. Of a population whose spikes leave one tick late anyway, that tick is the feedback's: it fires
    at once, feeds back one tick later, and all else gets its spikes one tick later too, which is the same.

    Args:
        network: its neurons are Neurons.
        cycle_delay: edges "a->b", and "feedback".

    Returns:
        The network without a cycle that takes no time; `meta["choices"]["cycle_delay"]` has the edges.

    Raises:
        ConvertError: an edge is not on such a cycle, or a cycle is left.

    Source: docs/explanation/conventions.md, Cycles.
    """
    said = [word for text in cycle_delay for word in _words(network, text)]
    chosen = [_edge(network, word) for word in said if not _is_feedback(word)]
    nodes: dict[str, Node] = dict(network.nodes)
    lines = dict.fromkeys(chosen)
    own: list[Edge] = []
    if any(map(_is_feedback, said)):
        own = feedback(_with_lines(network, nodes, lines))
        late = {a for a, _ in own if _is_late(network.nodes[a])}
        nodes |= {path: _at_once(path, network.nodes[path]) for path in late}
        lines |= dict.fromkeys([*own, *(edge for edge in network.edges if edge[0] in late)])
    done = _with_lines(network, nodes, lines)
    left = open_edges(done)
    if left:
        raise _left(done, left)
    if not lines:
        return network
    choices: Mapping[str, Any] = network.meta.get("choices", {})
    record = [*map("->".join, dict.fromkeys(chosen)), *(f"{_FEEDBACK}: {a}->{b}" for a, b in own)]
    return replace(done, meta={**network.meta, "choices": {**choices, "cycle_delay": {"cycle_delay": record}}})


def straight_input(network: Network) -> Network:
    """Let what enters a recurrent layer go to its neurons, where the file sends it through the recurrent weights.

    spyx writes x -> w_rec <-> lif for a layer that computes x + w_rec z.
    """
    edges = list(network.edges)
    on_cycles = {path for edge in open_edges(network) for path in edge}
    for a, b in feedback(network):
        if not isinstance(network.nodes[b], (Affine, Linear)) or network.targets(b) != [a]:
            continue
        edges = [(source, a if target == b and source not in on_cycles else target) for source, target in edges]
    return replace(network, edges=tuple(sorted(set(edges))))


def _is_feedback(word: str) -> bool:
    """ "feedback", or an edge that a model's record has by that rule."""
    return word.partition(":")[0].strip() == _FEEDBACK


def _name(text: str) -> str:
    return "->".join(part.strip() for part in text.split("->"))


def _words(network: Network, text: str) -> list[str]:
    """Edges of a text with commas between them, unless it is one edge as it is."""
    names = {"->".join(edge) for edge in network.edges}
    return [text] if _name(text) in names else [word for word in text.split(",") if word.strip()]


def _edge(network: Network, word: str) -> Edge:
    """An edge by its name; it must be on a cycle that takes no time."""
    candidates = {"->".join(edge): edge for edge in open_edges(network)}
    if _name(word) in candidates:
        return candidates[_name(word)]
    known = _name(word) in {"->".join(edge) for edge in network.edges}
    raise ConvertError(
        "convert",
        "cycle_delay",
        found=f"{word.strip()!r}, {'which is not on a cycle without a delay' if known else 'which is no edge'}",
        allowed=f"'feedback', or edges on cycles: {listed(candidates) or 'there are none'}",
        hint="A delay elsewhere is a Delay node of the network.",
    )


def _with_lines(network: Network, nodes: Mapping[str, Node], lines: Iterable[Edge]) -> Network:
    """A network with a line of one tick on some edges, called "a -> b"."""
    nodes, edges = dict(nodes), dict.fromkeys(network.edges)
    for a, b in lines:
        path = f"{a} -> {b}"
        if path in nodes:
            raise ConvertError(path, "", found="two nodes of this path", allowed="one", hint="Rename one of them.")
        nodes[path] = DelayLine(ticks=np.ones(1, np.int64))
        del edges[a, b]
        edges |= dict.fromkeys([(a, path), (path, b)])
    return Network(nodes=nodes, edges=tuple(sorted(edges)), meta=network.meta)


def _is_late(node: Node) -> bool:
    return isinstance(node, Neurons) and node.choices.test_previous


def _at_once(path: str, node: Node) -> Neurons:
    """Neurons that fire in the tick that lifts v over the threshold, and reset as they did before."""
    assert isinstance(node, Neurons)
    if np.any(node.v_init > node.threshold if node.strict else node.v_init >= node.threshold):
        raise ConvertError(
            path,
            "v_threshold",
            found=f"{node.threshold.min():g}, so that neurons fire before the first tick",
            allowed="thresholds above the initial potential in recurrent layers",
            hint="Say cycle_delay='a->b' for an edge of the cycle.",
        )
    reset_next = node.choices.reset_kind is not ResetKind.NONE
    return replace(node, choices=replace(node.choices, test_previous=False, reset_next=reset_next))


def _left(network: Network, left: list[Edge]) -> ConvertError:
    """A cycle for which no rule was chosen."""
    try:
        topological(network)
    except ConvertError as error:
        return ConvertError(
            error.path,
            "edges",
            found="a cycle that takes no time",
            allowed="cycles on which an edge takes a tick",
            hint=(
                "Say which edge does: cycle_delay='a->b' (several: a list; 'feedback' for what one population feeds"
                f" back to itself alone). Edges on such cycles: {listed('->'.join(edge) for edge in left)}."
            ),
        )
    raise AssertionError("open edges without a cycle")
