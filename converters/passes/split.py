"""Populations with more neurons than an event can number become several."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from spikelet.converters.graph import MAX_SIZE, Network
from spikelet.converters.linear import matrix_of
from spikelet.converters.nodes import (
    Convolution,
    DelayLine,
    Dense,
    Input,
    Neurons,
    Node,
    Output,
    Sparse,
    Weighted,
    size_of,
)
from spikelet.errors import ConvertError
from spikelet.model import SourceMap, TargetMap

__all__ = ["split"]


def split(network: Network) -> Network:
    """Cut populations of more than MAX_SIZE neurons into parts of whole channels.

    Neurons are numbered in C order, so a part is a range of them; weights are cut by rows and columns.

    Raises:
        ConvertError: an Input or Output has too many neurons.
    """
    for path, node in network.nodes.items():
        if isinstance(node, Input) and size_of(node.shape) > MAX_SIZE:
            raise _too_large(path, size_of(node.shape))
    for path, node in network.of(Neurons):
        if node.size > MAX_SIZE:
            network = _Cut(network, path, node).done()
    return network


def _too_large(path: str, size: int) -> ConvertError:
    return ConvertError(
        path,
        "shape",
        found=f"{size} neurons",
        allowed=f"1 .. {MAX_SIZE} in an Input or Output",
        hint="Events number neurons with 16 bits: make it smaller in the source framework.",
    )


class _Cut:
    """Cuts one population."""

    def __init__(self, network: Network, path: str, node: Neurons) -> None:
        self._network, self._path, self._node = network, path, node
        self._nodes: dict[str, Node] = dict(network.nodes)
        self._edges = list(network.edges)
        channel = self._channel()
        step = MAX_SIZE // channel * channel if channel <= MAX_SIZE else MAX_SIZE
        self._ranges = [(start, min(start + step, node.size)) for start in range(0, node.size, step)]

    def done(self) -> Network:
        for target in self._network.targets(self._path):
            node = self._nodes[target]
            if isinstance(node, Output):
                raise _too_large(target, self._node.size)
            if isinstance(node, DelayLine):
                self._line(target, node)
            elif isinstance(node, Weighted):
                self._rows(self._path, target, node)
        for name in [a for a, b in self._edges if b == self._path]:
            self._columns(name)
        self._replace(self._path, [self._neurons(a, b) for a, b in self._ranges])
        return Network(nodes=self._nodes, edges=tuple(self._edges), meta=self._network.meta)

    def _channel(self) -> int:
        """Neurons of a channel, where weights to or from the population have any."""
        near = self._network.sources(self._path) + self._network.targets(self._path)
        maps = [getattr(self._nodes[name], kind, None) for name in near for kind in ("source_map", "target_map")]
        return next((m.height * m.width for m in maps if m is not None and m.size == self._node.size), 1)

    def _part(self, path: str, k: int) -> str:
        return f"{path}[{k}]"

    def _replace(self, path: str, parts: list[Node]) -> None:
        """Put parts in a node's place; edges are for the caller."""
        del self._nodes[path]
        self._nodes |= {self._part(path, k): part for k, part in enumerate(parts)}

    def _neurons(self, a: int, b: int) -> Neurons:
        own: dict[str, Any] = {
            f.name: value[a:b]
            for f in fields(self._node)
            if isinstance(value := getattr(self._node, f.name), np.ndarray)
        }
        return replace(self._node, shape=(b - a,), **own)

    def _line(self, path: str, line: DelayLine) -> None:
        ticks = np.broadcast_to(line.ticks, self._node.size)
        for target in self._network.targets(path):
            if isinstance(self._nodes[target], Output):
                raise _too_large(target, self._node.size)
            self._rows(path, target, self._nodes[target])
        self._edges.remove((self._path, path))
        self._edges += [(self._part(self._path, k), self._part(path, k)) for k in range(len(self._ranges))]
        self._replace(path, [DelayLine(ticks=ticks[a:b].copy()) for a, b in self._ranges])

    def _rows(self, source: str, name: str, node: Node) -> None:
        """Weights from the population."""
        assert isinstance(node, Weighted)
        target = self._network.targets(name)[0]
        self._edges = [edge for edge in self._edges if name not in edge]
        self._replace(name, [_rows(node, a, b, self._node.size) for a, b in self._ranges])
        for k in range(len(self._ranges)):
            self._edges += [(self._part(source, k), self._part(name, k)), (self._part(name, k), target)]

    def _columns(self, name: str) -> None:
        """Weights into the population; their source may be one of its parts by now."""
        node = self._nodes[name]
        assert isinstance(node, Weighted)
        source = next(a for a, b in self._edges if b == name)
        self._edges = [edge for edge in self._edges if name not in edge]
        self._replace(name, [_columns(node, a, b) for a, b in self._ranges])
        for k in range(len(self._ranges)):
            self._edges += [(source, self._part(name, k)), (self._part(name, k), self._part(self._path, k))]


def _rows(node: Weighted, a: int, b: int, size: int) -> Weighted:
    """Weights of the sources a .. b."""
    if isinstance(node, Convolution) and node.target_map.groups == 1 and _whole(a, b, node.source_map):
        area = node.source_map.height * node.source_map.width
        source_map = replace(node.source_map, channels=(b - a) // area)
        return replace(node, weight=node.weight[:, a // area : b // area], source_map=source_map)
    if isinstance(node, Dense) and node.source_map is None:
        return replace(node, weight=node.weight[a:b])
    if isinstance(node, Dense) and node.source_map is not None and _whole(a, b, node.source_map):
        area = node.source_map.height * node.source_map.width
        pooled = node.source_map.rows // node.source_map.channels
        source_map = replace(node.source_map, channels=(b - a) // area)
        return replace(node, weight=node.weight[a // area * pooled : b // area * pooled], source_map=source_map)
    return Sparse(weight=csr_array(matrix_of(node, (size,))[a:b]), delays=node.delays)


def _columns(node: Weighted, a: int, b: int) -> Weighted:
    """Weights into the targets a .. b."""
    delays = None if node.delays is None else node.delays[a:b]
    if isinstance(node, Convolution) and node.target_map.groups == 1 and _whole(a, b, node.target_map):
        area = node.target_map.height * node.target_map.width
        target_map = replace(node.target_map, channels=(b - a) // area)
        return replace(node, weight=node.weight[a // area : b // area], target_map=target_map, delays=delays)
    if isinstance(node, Dense):
        return replace(node, weight=np.ascontiguousarray(node.weight[:, a:b]), delays=delays)
    return Sparse(weight=csr_array(matrix_of(node, ())[:, a:b]), delays=delays)


def _whole(a: int, b: int, image: SourceMap | TargetMap) -> bool:
    """Whether a range is made of whole channels."""
    area = image.height * image.width
    return a % area == 0 and b % area == 0
