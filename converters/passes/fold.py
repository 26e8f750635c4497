"""All linear nodes between two populations become one matrix and a bias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from spikelet.converters.graph import MAX_ELEMENTS, Network, shapes, topological
from spikelet.converters.nodes import (
    Affine,
    Dense,
    Flatten,
    FloatArray,
    Identity,
    Input,
    Linear,
    Neurons,
    Node,
    Output,
    Scale,
    size_of,
)
from spikelet.errors import ConvertError
from spikelet.model import LifChoices

__all__ = ["drop_reshapes", "fold_gains", "fold_linear", "prune"]


def drop_reshapes(network: Network) -> Network:
    """Take out Flatten and Identity: neurons are numbered in C order, so they move nothing."""
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
    flat = {
        path: replace(node, shape=(node.size,)) if isinstance(node, Neurons) else _any_shape(node)
        for path, node in network.nodes.items()
        if path not in gone
    }
    return Network(nodes=flat, edges=tuple(sorted(edges)), meta=network.meta)


def _any_shape(node: Node) -> Node:
    """Forget shapes that only the dropped nodes made true; sizes are still checked."""
    if isinstance(node, Output):
        return Output(shape=None)
    if isinstance(node, Input):
        return replace(node, shape=(size_of(node.shape),), port_shape=node.shape)
    return Scale(scale=node.scale.reshape(-1)) if isinstance(node, Scale) else node


def prune(network: Network) -> Network:
    """Drop what leads to no Output."""
    needed: set[str] = {path for path, _ in network.of(Output)}
    for path in reversed(topological(network)):
        if needed & set(network.targets(path)):
            needed.add(path)
    needed |= {path for path, _ in network.of(Input)}
    return Network(
        nodes={path: node for path, node in network.nodes.items() if path in needed},
        edges=tuple(edge for edge in network.edges if set(edge) <= needed),
        meta=network.meta,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sum:
    """A linear map from several sources: bias + sum of matrices; None is the identity, one axis a diagonal."""

    terms: Mapping[str, FloatArray | None] = field(default_factory=dict)
    bias: FloatArray

    def unchanged(self) -> str:
        """The one source that it gives as it is; "" for any other map."""
        source = next(iter(self.terms), "")
        return source if len(self.terms) == 1 and self.terms[source] is None else ""

    def plus(self, other: _Sum, size: int) -> _Sum:
        terms = dict(self.terms)
        for source, matrix in other.terms.items():
            terms[source] = _added(terms[source], matrix, size) if source in terms else matrix
        return _Sum(terms=terms, bias=self.bias + other.bias)

    def through(self, weight: FloatArray, bias: FloatArray) -> _Sum:
        """Behind y = weight x + bias, or y = weight * x where weight has one axis."""
        if weight.ndim == 1:
            terms = {
                source: weight if matrix is None else weight * matrix if matrix.ndim == 1 else weight[:, None] * matrix
                for source, matrix in self.terms.items()
            }
            return _Sum(terms=terms, bias=weight * self.bias + bias)
        terms = {
            source: weight if matrix is None else weight * matrix if matrix.ndim == 1 else weight @ matrix
            for source, matrix in self.terms.items()
        }
        return _Sum(terms=terms, bias=weight @ self.bias + bias)


def _added(a: FloatArray | None, b: FloatArray | None, size: int) -> FloatArray:
    return _matrix(a, size) + _matrix(b, size)


def _matrix(matrix: FloatArray | None, size: int) -> FloatArray:
    """(target, source) with all elements."""
    if matrix is None:
        return np.eye(size)
    return np.diag(matrix) if matrix.ndim == 1 else matrix


def fold_linear(network: Network) -> Network:
    """Leave Input, Neurons, Output, and one Dense for each source of a Neurons node.

    A bias becomes the neurons' own. An Output behind linear nodes, or behind several sources, gets a
    readout: Neurons that keep nothing and do not fire, so that v is the Output's value of the tick.

    Raises:
        ConvertError: potentials are fed into a layer.
    """
    sizes = {path: size_of(shape) for path, shape in shapes(network, "fold_linear").items()}
    sums: dict[str, _Sum] = {}
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str]] = []

    def attach(path: str, neurons: Neurons, given: _Sum) -> None:
        nodes[path] = replace(neurons, bias=neurons.bias + neurons.gain * given.bias)
        for source, matrix in given.terms.items():
            _refuse_potentials(nodes[source], source, path)
            _refuse_large(path, sizes[source], neurons.size)
            name = f"{source} > {path}"
            nodes[name] = Dense(weight=np.ascontiguousarray(_matrix(matrix, neurons.size).T))
            edges.extend([(source, name), (name, path)])

    for path in topological(network):
        node, size = network.nodes[path], sizes[path]
        given = _given(network, path, sums, size if not isinstance(node, (Affine, Linear)) else node.weight.shape[1])
        if isinstance(node, Input):
            nodes[path] = node
            sums[path] = _Sum(terms={path: None}, bias=np.zeros(size))
        elif isinstance(node, Neurons):
            attach(path, node, given)
            sums[path] = _Sum(terms={path: None}, bias=np.zeros(size))
        elif isinstance(node, (Affine, Linear)):
            for source in given.terms:
                _refuse_large(path, sizes[source], size)
            sums[path] = given.through(node.weight, node.bias if isinstance(node, Affine) else np.zeros(size))
        elif isinstance(node, Scale):
            sums[path] = given.through(np.broadcast_to(node.scale.reshape(-1), size), np.zeros(size))
        elif isinstance(node, Output):
            nodes[path] = node
            source = given.unchanged()
            if source and isinstance(nodes[source], Neurons):
                edges.append((source, path))
                continue
            name = network.sources(path)[0] if len(network.sources(path)) == 1 else f"{path}.readout"
            name = name if name not in nodes else f"{path}.readout"
            attach(name, _readout(size), given)
            edges.append((name, path))
        else:
            raise TypeError(f"{path}: no rule to fold {type(node).__name__}")
    return Network(nodes=nodes, edges=tuple(edges), meta=network.meta)


def _given(network: Network, path: str, sums: Mapping[str, _Sum], size: int) -> _Sum:
    total = _Sum(bias=np.zeros(size))
    for source in network.sources(path):
        if set(total.terms) & set(sums[source].terms):
            _refuse_large(path, size, size)
        total = total.plus(sums[source], size)
    return total


def _refuse_large(path: str, rows: int, columns: int) -> None:
    """Weights are dense here, also those that the file only implies."""
    if rows * columns > MAX_ELEMENTS:
        raise ConvertError(
            path,
            "weights",
            found=f"{rows} x {columns} between two populations",
            allowed=f"at most {MAX_ELEMENTS}",
            hint="Make one of the populations smaller.",
        )


def _refuse_potentials(node: Node, source: str, path: str) -> None:
    if isinstance(node, Neurons) and not node.choices.fires:
        raise ConvertError(
            source,
            "edges",
            found=f"a population that never fires feeds {path}",
            allowed="populations that fire, before other layers",
            hint="Events carry spikes, not potentials: put a Threshold behind it, or end the network with it.",
        )


def _readout(size: int) -> Neurons:
    zero = np.zeros(size)
    return Neurons(
        shape=(size,),
        choices=LifChoices(fires=False),
        strict=True,
        decay_v=zero,
        decay_u=zero + 1,
        gain=zero + 1,
        threshold=zero + np.inf,
        reset=zero,
        count_by=zero + 1,
        bias=zero,
        v_min=zero - np.inf,
        v_init=zero,
        offset=zero,
    )


def fold_gains(network: Network, input_scale: float) -> Network:
    """Multiply gains into the weights (a bias has its own already), and the size of an input's value 1.

    With a synaptic current this counts u in units of v: both updates are linear, so v is the same.
    """
    nodes = dict(network.nodes)
    for path, node in network.of(Neurons):
        for name in network.sources(path):
            dense = network.nodes[name]
            assert isinstance(dense, Dense)
            from_input = isinstance(network.nodes[network.sources(name)[0]], Input)
            nodes[name] = Dense(weight=dense.weight * node.gain * (input_scale if from_input else 1.0))
        nodes[path] = replace(node, gain=np.ones(node.size))
    return Network(nodes=nodes, edges=network.edges, meta=network.meta)
