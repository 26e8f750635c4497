"""All linear nodes between two populations become one set of weights, a delay and a bias."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from spikelet.converters.graph import Network, shapes
from spikelet.converters.nodes import (
    DelayLine,
    FloatArray,
    Input,
    Neurons,
    Node,
    Output,
    Projected,
    Sparse,
    Ticks,
    size_of,
)
from spikelet.converters.passes.project import as_sparse, from_matrix, project, scaled
from spikelet.converters.passes.terms import ONE, Sum, Term
from spikelet.errors import ConvertError
from spikelet.model import LifChoices

__all__ = ["fold_gains", "fold_linear", "origin"]


def fold_linear(network: Network, wish: str = "fast") -> Network:
    """Leave Input, Neurons, Output, DelayLine, and weights (Projected) from each source of a Neurons node.

    A bias becomes the neurons' own. Delays move in front of the weights, or, where each target has its own,
    into them. An Output behind linear nodes, or behind several sources, gets a readout: Neurons that keep
    nothing and do not fire, so that v is the Output's value of the tick.

    Args:
        network: discretised.
        wish: where a matrix becomes sparse: where that is "fast", or "small".

    Raises:
        ConvertError: potentials are fed into a layer; a cycle has no neurons; there are too many weights.
    """
    return _Folder(network, wish).folded()


class _Folder:
    """Builds the folded network."""

    def __init__(self, network: Network, wish: str) -> None:
        self._network, self._wish = network, wish
        self._sizes = {path: size_of(shape) for path, shape in shapes(network, "fold_linear").items()}
        self._sources: dict[str, list[str]] = {path: [] for path in network.nodes}
        for a, b in network.edges:
            self._sources[b].append(a)
        self._nodes: dict[str, Node] = {}
        self._edges: list[tuple[str, str]] = []
        self._lines: dict[tuple[str, bytes], str] = {}

    def folded(self) -> Network:
        ends = [path for path, node in self._network.nodes.items() if isinstance(node, (Input, Neurons))]
        sums = {path: Sum.of(path, self._sizes[path]) for path in ends}
        for path in self._linear():
            given = Sum.total([sums[source] for source in self._sources[path]])
            sums[path] = given.through(path, self._network.nodes[path])
        for path in ends:
            self._nodes[path] = self._network.nodes[path]
        for path, node in self._network.of(Neurons):
            self._attach(path, node, Sum.total([sums[source] for source in self._sources[path]]))
        for path, _ in self._network.of(Output):
            self._output(path, Sum.total([sums[source] for source in self._sources[path]]))
        return Network(nodes=self._nodes, edges=tuple(self._edges), meta=self._network.meta)

    def _linear(self) -> list[str]:
        """Linear nodes and delays, sources first.

        Raises:
            ConvertError: some feed each other without neurons in between.
        """
        nodes = self._network.nodes
        inner = [path for path, node in nodes.items() if not isinstance(node, (Input, Neurons, Output))]
        left = {path: {a for a in self._sources[path] if a in set(inner)} for path in inner}
        order: list[str] = []
        while left:
            ready = [path for path, needs in left.items() if not needs]
            if not ready:
                raise ConvertError(
                    " -> ".join(left),
                    "edges",
                    found="a cycle without neurons",
                    allowed="cycles through at least one spiking population",
                    hint="Events carry spikes: a linear feedback has no place to keep its sums. Put neurons into it.",
                )
            for path in ready:
                del left[path]
            for needs in left.values():
                needs -= set(ready)
            order += ready
        return order

    def _attach(self, path: str, neurons: Neurons, given: Sum) -> None:
        """A population with all weights into it."""
        self._nodes[path] = replace(neurons, bias=neurons.bias + neurons.gain * given.bias)
        groups: dict[tuple[str, bytes, bytes], list[Term]] = {}
        for term in given.terms:
            groups.setdefault(term.key, []).append(term)
        for terms in groups.values():
            first = terms[0]
            source = self._source(first.source, path)
            made = [project(path, term.chain, self._sizes.get(first.source, 1), self._wish) for term in terms]
            weights = made[0] if len(made) == 1 else from_matrix(path, _added(made), self._wish)
            if first.late is not None:
                weights = replace(weights, delays=np.broadcast_to(first.late, neurons.size).astype(np.int64))
            self._project(self._line(source, first.ticks), path, weights)

    def _project(self, source: str, path: str, weights: Node) -> None:
        name = f"{source} > {path}"
        while name in self._nodes:
            name += "'"
        self._nodes[name] = weights
        self._edges += [(source, name), (name, path)]

    def _source(self, source: str, path: str) -> str:
        """A source that may send events; the constant one is made when it is first needed."""
        if source != ONE:
            _refuse_potentials(self._nodes[source], source, path)
            return source
        if ONE not in self._nodes:
            self._nodes[ONE] = _constant()
            entry = next(name for name, node in self._nodes.items() if isinstance(node, Input))
            self._project(entry, ONE, Sparse(weight=csr_array((self._sizes[entry], 1))))
        return ONE

    def _line(self, source: str, ticks: Ticks) -> str:
        """The delay line of a source; the source itself where nothing is delayed."""
        if not np.any(ticks):
            return source
        key = (source, ticks.tobytes())
        if key not in self._lines:
            known = sum(1 for name, _ in self._lines if name == source)
            self._lines[key] = f"{source}.delay{known}" if known else f"{source}.delay"
            self._nodes[self._lines[key]] = DelayLine(ticks=ticks)
            self._edges.append((source, self._lines[key]))
        return self._lines[key]

    def _output(self, path: str, given: Sum) -> None:
        self._nodes[path] = Output(shape=None)
        terms = given.terms
        plain = len(terms) == 1 and not terms[0].chain and terms[0].late is None and not np.any(given.bias)
        if plain and isinstance(self._nodes.get(terms[0].source), Neurons):
            if np.any(terms[0].ticks):
                _refuse_potentials(self._nodes[terms[0].source], terms[0].source, path)
            self._edges.append((self._line(terms[0].source, terms[0].ticks), path))
            return
        size = self._sizes[path]
        source = self._sources[path][0]
        only = len(self._sources[path]) == 1 and source not in self._nodes
        name = source if only else f"{path}.readout"
        self._sizes[name] = size
        self._attach(name, _readout(size), given)
        self._edges.append((name, path))


def _added(made: Iterable[Projected]) -> csr_array | FloatArray:
    total: csr_array | FloatArray | None = None
    for node in made:
        matrix = as_sparse(node)
        total = matrix if total is None else csr_array(total + matrix)
    assert total is not None
    return total


def _refuse_potentials(node: Node, source: str, path: str) -> None:
    if isinstance(node, Neurons) and not node.choices.fires:
        raise ConvertError(
            source,
            "edges",
            found=f"a population that never fires feeds {path}",
            allowed="populations that fire, before other layers",
            hint="Events carry spikes, not potentials: put a Threshold behind it, or end the network with it.",
        )


def _neurons(size: int, *, fires: bool, threshold: float, bias: float) -> Neurons:
    """Neurons that keep nothing from tick to tick."""
    zero = np.zeros(size)
    return Neurons(
        shape=(size,),
        choices=LifChoices(fires=fires),
        strict=True,
        decay_v=zero,
        decay_u=zero + 1,
        gain=zero + 1,
        threshold=zero + threshold,
        reset=zero,
        count_by=zero + 1,
        bias=zero + bias,
        v_min=zero - np.inf,
        v_init=zero,
        offset=zero,
    )


def _readout(size: int) -> Neurons:
    return _neurons(size, fires=False, threshold=np.inf, bias=0.0)


def _constant() -> Neurons:
    """One neuron that fires in every tick."""
    return _neurons(1, fires=True, threshold=0.5, bias=1.0)


def origin(nodes: Mapping[str, Node], sources: Mapping[str, list[str]], path: str) -> str:
    """What feeds a delay line, or the source itself."""
    while isinstance(nodes[path], DelayLine):
        path = sources[path][0]
    return path


def fold_gains(network: Network, input_scale: float) -> Network:
    """Multiply gains into the weights (a bias has its own already), and the size of an input's value 1.

    With a synaptic current this counts u in units of v: both updates are linear, so v is the same.
    """
    nodes = dict(network.nodes)
    sources: dict[str, list[str]] = {path: [] for path in nodes}
    for a, b in network.edges:
        sources[b].append(a)
    for path, node in network.of(Neurons):
        for name in sources[path]:
            weights = network.nodes[name]
            assert isinstance(weights, Projected)
            first = network.nodes[origin(network.nodes, sources, sources[name][0])]
            factor = node.gain * (input_scale if isinstance(first, Input) else 1.0)
            nodes[name] = scaled(weights, factor)
        nodes[path] = replace(node, gain=np.ones(node.size))
    return Network(nodes=nodes, edges=network.edges, meta=network.meta)
