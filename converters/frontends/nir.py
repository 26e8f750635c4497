"""Reads NIR files (HDF5, nir 0.1 to 1.0.8) with h5py."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from spikelet.converters.frontends.hdf5 import Hdf5, opened
from spikelet.converters.graph import Network
from spikelet.converters.nodes import (
    IF,
    LI,
    LIF,
    Affine,
    CubaLI,
    CubaLIF,
    Flatten,
    FloatArray,
    Graph,
    Input,
    Integrator,
    Linear,
    Node,
    Output,
    Scale,
    Shape,
    Threshold,
)
from spikelet.errors import ConvertError

__all__ = ["KINDS", "read_nir"]

_MAX_NODES = 1024
_MAX_EDGES = 8 * _MAX_NODES
_MAX_DEPTH = 16


def read_nir(path: str | Path) -> Network:
    """Read a NIR file; nested graphs become Graph nodes.

    Returns:
        The network; `meta` holds "nir_version" and "sha256".

    Raises:
        ConvertError: the file is damaged, hostile, or holds something that is not supported.

    Source: NIR 1.0.8, https://neuroir.org/docs.
    """
    path = Path(path)
    with opened(path) as file:
        hdf5 = Hdf5()
        version = hdf5.member(file, "version", path.name)
        network = _Reader(hdf5).graph(hdf5.member(file, "node", path.name), "", 0)
        meta = {
            "nir_version": hdf5.text(version, path.name, "version") if version is not None else "",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
    return Network(nodes=network.nodes, edges=network.edges, meta=meta)


class _Fields:
    """The fields of one node, read on demand."""

    def __init__(self, hdf5: Hdf5, group: h5py.Group, path: str, kind: str) -> None:
        self._hdf5, self._group, self.path, self.kind = hdf5, group, path, kind
        self._names = hdf5.names(group, path)

    def has(self, name: str) -> bool:
        return name in self._names

    def numbers(self, name: str) -> FloatArray:
        if name not in self._names:
            raise ConvertError(
                self.path,
                name,
                found="nothing",
                allowed=f"a {self.kind} with {name}",
                hint=f"The node has: {', '.join(n for n in self._names if n != 'type')}.",
            )
        return self._hdf5.numbers(self._group[name], self.path, name)

    def shape(self, name: str) -> Shape | None:
        """A field that holds a shape; None when it is absent."""
        if name not in self._names:
            return None
        values = np.atleast_1d(self.numbers(name))
        if values.ndim != 1 or len(values) > 8 or np.any(values != np.rint(values)) or np.any(values < 1):
            raise ConvertError(
                self.path, name, found=str(values.tolist())[:80], allowed="up to 8 whole numbers above 0", hint=""
            )
        return tuple(int(v) for v in values)

    def integer(self, name: str, default: int) -> int:
        if name not in self._names:
            return default
        values = self.numbers(name)
        if values.size != 1 or values.item() != round(values.item()):
            raise ConvertError(self.path, name, found=str(values.tolist())[:80], allowed="one whole number", hint="")
        return int(values.item())

    def refuse_shape(self, name: str, shape: Shape, allowed: str) -> ConvertError:
        return ConvertError(
            self.path,
            name,
            found=f"shape {shape}",
            allowed=allowed,
            hint="Weights have shape (outputs, inputs); flatten images before a linear layer.",
        )


def _input(fields: _Fields) -> Node:
    shape = fields.shape("shape")
    if shape is None:
        raise ConvertError(fields.path, "shape", found="nothing", allowed="the shape of the input", hint="")
    return Input(shape=shape)


def _weight(fields: _Fields) -> FloatArray:
    weight = fields.numbers("weight")
    if weight.ndim != 2:
        raise fields.refuse_shape("weight", weight.shape, "two axes")
    return weight


def _affine(fields: _Fields) -> Node:
    weight, bias = _weight(fields), fields.numbers("bias")
    if bias.shape != weight.shape[:1]:
        raise fields.refuse_shape("bias", bias.shape, f"shape {weight.shape[:1]}")
    return Affine(weight=weight, bias=bias)


def _v_reset(fields: _Fields) -> FloatArray:
    """Files of nir < 1.0.5 have no v_reset: it is 0 there."""
    return fields.numbers("v_reset") if fields.has("v_reset") else np.zeros(())


def _positive(fields: _Fields, name: str) -> FloatArray:
    values = fields.numbers(name)
    if np.any(values <= 0):
        raise ConvertError(fields.path, name, found=f"{values.min():g}", allowed="above 0", hint="")
    return values


def _li(fields: _Fields) -> Node:
    return LI(tau=_positive(fields, "tau"), r=fields.numbers("r"), v_leak=fields.numbers("v_leak"))


def _lif(fields: _Fields) -> Node:
    return LIF(
        tau=_positive(fields, "tau"),
        r=fields.numbers("r"),
        v_leak=fields.numbers("v_leak"),
        v_threshold=fields.numbers("v_threshold"),
        v_reset=_v_reset(fields),
    )


def _cuba(fields: _Fields) -> dict[str, FloatArray]:
    return {
        "tau_syn": _positive(fields, "tau_syn"),
        "tau_mem": _positive(fields, "tau_mem"),
        "r": fields.numbers("r"),
        "v_leak": fields.numbers("v_leak"),
        "w_in": fields.numbers("w_in") if fields.has("w_in") else np.ones(()),
    }


def _cuba_lif(fields: _Fields) -> Node:
    return CubaLIF(**_cuba(fields), v_threshold=fields.numbers("v_threshold"), v_reset=_v_reset(fields))


#: What is read, by NIR's name of the kind. A new kind is a new line (and a node class).
KINDS: dict[str, Callable[[_Fields], Node]] = {
    "Input": _input,
    "Output": lambda f: Output(shape=f.shape("shape")),
    "Affine": _affine,
    "Linear": lambda f: Linear(weight=_weight(f)),
    "Scale": lambda f: Scale(scale=f.numbers("scale")),
    "Flatten": lambda f: Flatten(
        shape=f.shape("input_type"), start=f.integer("start_dim", 0), end=f.integer("end_dim", -1)
    ),
    "Threshold": lambda f: Threshold(threshold=f.numbers("threshold")),
    "I": lambda f: Integrator(r=f.numbers("r")),
    "IF": lambda f: IF(r=f.numbers("r"), v_threshold=f.numbers("v_threshold"), v_reset=_v_reset(f)),
    "LI": _li,
    "LIF": _lif,
    "CubaLI": lambda f: CubaLI(**_cuba(f)),
    "CubaLIF": _cuba_lif,
}


class _Reader:
    """Reads graphs; counts nodes, because links can make a small file look endless."""

    def __init__(self, hdf5: Hdf5) -> None:
        self._hdf5 = hdf5
        self._n_nodes = 0

    def graph(self, group: Any, path: str, depth: int) -> Network:
        where = path or "node"
        if not isinstance(group, h5py.Group) or self._kind(group, where) != "NIRGraph":
            raise ConvertError(
                where, "type", found="no NIRGraph", allowed="a file written by nir.write", hint="Is this a NIR file?"
            )
        if depth > _MAX_DEPTH:
            raise ConvertError(
                where, "nodes", found=f"graphs nested {depth} deep", allowed=f"up to {_MAX_DEPTH}", hint=""
            )
        members = self._hdf5.member(group, "nodes", where)
        if not isinstance(members, h5py.Group):
            raise ConvertError(where, "nodes", found="nothing", allowed="a group of nodes", hint="Is this a NIR file?")
        nodes: dict[str, Node] = {}
        for name in self._hdf5.names(members, where):
            self._n_nodes += 1
            if self._n_nodes > _MAX_NODES:
                raise ConvertError(where, "nodes", found="more", allowed=f"up to {_MAX_NODES} in a file", hint="")
            nodes[name] = self._node(members[name], f"{path}.{name}" if path else name, depth)
        return Network(nodes=nodes, edges=self._edges(group, where, nodes))

    def _kind(self, group: h5py.Group, path: str) -> str:
        return self._hdf5.text(self._hdf5.member(group, "type", path), path, "type")

    def _node(self, group: Any, path: str, depth: int) -> Node:
        if not isinstance(group, h5py.Group):
            raise ConvertError(path, "", found="data", allowed="a node", hint="Is this a NIR file?")
        kind = self._kind(group, path)
        if kind == "NIRGraph":
            return Graph(network=self.graph(group, path, depth + 1))
        if kind not in KINDS:
            raise ConvertError(
                path,
                "kind",
                found=f"a node of kind {kind[:40]}",
                allowed=", ".join([*KINDS, "NIRGraph"]),
                hint="Replace the layer in the source framework.",
            )
        return KINDS[kind](_Fields(self._hdf5, group, path, kind))

    def _edges(self, group: h5py.Group, where: str, nodes: Iterable[str]) -> tuple[tuple[str, str], ...]:
        edges = self._hdf5.pairs(self._hdf5.member(group, "edges", where), where, "edges")
        if len(edges) > _MAX_EDGES:
            raise ConvertError(where, "edges", found=str(len(edges)), allowed=f"up to {_MAX_EDGES}", hint="")
        unknown = next((edge for edge in edges if not set(edge) <= set(nodes)), None)
        if unknown is not None:
            raise ConvertError(
                where,
                "edges",
                found=f"an edge from {unknown[0]!r} to {unknown[1]!r}",
                allowed="names of two nodes",
                hint=f"Nodes: {', '.join(nodes)}.",
            )
        if len(set(edges)) < len(edges):
            twice = next(edge for i, edge in enumerate(edges) if edge in edges[:i])
            raise ConvertError(
                where, "edges", found=f"an edge from {twice[0]!r} to {twice[1]!r} twice", allowed="once", hint=""
            )
        return tuple(sorted(edges))
