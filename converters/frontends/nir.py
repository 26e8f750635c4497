"""Reads NIR files (HDF5, nir 0.1 to 1.0.8) with h5py."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from spikelet.converters.frontends.fields import Fields
from spikelet.converters.frontends.hdf5 import Hdf5, opened
from spikelet.converters.graph import Network, listed
from spikelet.converters.nodes import (
    IF,
    LI,
    LIF,
    Affine,
    Conv,
    CubaLI,
    CubaLIF,
    Delay,
    Flatten,
    FloatArray,
    Graph,
    Identity,
    Input,
    Integrator,
    Linear,
    Node,
    Output,
    Pool,
    Scale,
    Shape,
    Threshold,
)
from spikelet.errors import ConvertError

__all__ = ["KINDS", "MAX_EDGES", "MAX_NODES", "Kind", "read_nir"]

#: Most nodes of a file, and most edges of a graph in it.
MAX_NODES = 2048
MAX_EDGES = 8 * MAX_NODES
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a kind of node is read, and the fields that NIR gives it."""

    fields: tuple[str, ...]
    read: Callable[[Fields], Node]


def _input(fields: Fields) -> Node:
    shape = fields.shape("shape")
    if shape is None:
        raise ConvertError(fields.path, "shape", found="nothing", allowed="the shape of the input", hint="")
    return Input(shape=shape)


def _weight(fields: Fields) -> FloatArray:
    weight = fields.numbers("weight")
    if weight.ndim != 2:
        raise fields.refuse_shape("weight", weight.shape, "two axes")
    return weight


def _bias(fields: Fields, weight: FloatArray) -> FloatArray:
    bias = fields.numbers("bias")
    if bias.shape != weight.shape[:1]:
        raise fields.refuse_shape("bias", bias.shape, f"shape {weight.shape[:1]}")
    return bias


def _affine(fields: Fields) -> Node:
    weight = _weight(fields)
    return Affine(weight=weight, bias=_bias(fields, weight))


def _conv(fields: Fields, axes: int) -> Node:
    """Conv1d and Conv2d; numbers may be one for all axes, padding may be "same" or "valid"."""
    weight = fields.numbers("weight")
    if weight.ndim != axes + 2 or weight.size == 0:
        allowed = f"(out, in / groups, {'ky, kx' if axes == 2 else 'k'}), none of them 0"
        raise fields.refuse_shape("weight", weight.shape, allowed)
    stride, dilation = fields.whole("stride", axes, low=1), fields.whole("dilation", axes, low=1)
    groups = fields.whole("groups", 1, low=1)[0]
    if weight.shape[0] % groups:
        raise ConvertError(
            fields.path,
            "groups",
            found=f"{groups} with {weight.shape[0]} output channels",
            allowed="a divisor of the output channels",
            hint="Weights of a convolution have shape (out, in / groups, ...).",
        )
    return Conv(
        weight=weight,
        bias=_bias(fields, weight),
        stride=stride,
        padding=_padding(fields, weight.shape[2:], stride, dilation),
        dilation=dilation,
        groups=groups,
        input_shape=fields.whole("input_shape", axes, low=1, spread=False) if fields.has("input_shape") else None,
    )


def _padding(fields: Fields, kernel: Shape, stride: Shape, dilation: Shape) -> tuple[tuple[int, int], ...]:
    """(before, after) of each axis. "same" puts the odd one behind, as PyTorch does."""
    if not fields.is_text("padding"):
        return tuple((n, n) for n in fields.whole("padding", len(kernel), low=0))
    word = fields.text("padding")
    if word not in ("same", "valid"):
        raise ConvertError(
            fields.path, "padding", found=repr(word[:40]), allowed="numbers, 'same' or 'valid'", hint="Say numbers."
        )
    if word == "valid":
        return ((0, 0),) * len(kernel)
    if any(n != 1 for n in stride):
        raise ConvertError(
            fields.path,
            "padding",
            found=f"'same' with a stride of {stride}",
            allowed="a stride of 1",
            hint="Say numbers.",
        )
    total = [step * (k - 1) for step, k in zip(dilation, kernel, strict=True)]
    return tuple((n // 2, n - n // 2) for n in total)


def _pool(fields: Fields, *, average: bool) -> Node:
    kernel, stride, padding = (
        fields.pair(name, low=low) for name, low in (("kernel_size", 1), ("stride", 1), ("padding", 0))
    )
    if any(pad >= k for pad, k in zip(padding, kernel, strict=True)):
        raise ConvertError(
            fields.path,
            "padding",
            found=f"{padding} with a window of {kernel}",
            allowed="less than the window",
            hint="A window of padding alone sums nothing.",
        )
    return Pool(kernel=kernel, stride=stride, padding=padding, average=average)


def _delay(fields: Fields) -> Node:
    delay = fields.numbers("delay")
    if np.any(delay < 0):
        raise ConvertError(fields.path, "delay", found=f"{delay.min():g}", allowed="seconds, 0 or above", hint="")
    return Delay(delay=delay)


def _v_reset(fields: Fields) -> FloatArray:
    """Files of nir < 1.0.5 have no v_reset: it is 0 there."""
    return fields.numbers("v_reset") if fields.has("v_reset") else np.zeros(())


def _positive(fields: Fields, name: str) -> FloatArray:
    values = fields.numbers(name)
    if np.any(values <= 0):
        raise ConvertError(fields.path, name, found=f"{values.min():g}", allowed="above 0", hint="")
    return values


def _li(fields: Fields) -> Node:
    return LI(tau=_positive(fields, "tau"), r=fields.numbers("r"), v_leak=fields.numbers("v_leak"))


def _lif(fields: Fields) -> Node:
    return LIF(
        tau=_positive(fields, "tau"),
        r=fields.numbers("r"),
        v_leak=fields.numbers("v_leak"),
        v_threshold=fields.numbers("v_threshold"),
        v_reset=_v_reset(fields),
    )


def _cuba(fields: Fields) -> dict[str, FloatArray]:
    return {
        "tau_syn": _positive(fields, "tau_syn"),
        "tau_mem": _positive(fields, "tau_mem"),
        "r": fields.numbers("r"),
        "v_leak": fields.numbers("v_leak"),
        "w_in": fields.numbers("w_in") if fields.has("w_in") else np.ones(()),
    }


def _cuba_lif(fields: Fields) -> Node:
    return CubaLIF(**_cuba(fields), v_threshold=fields.numbers("v_threshold"), v_reset=_v_reset(fields))


def _flatten(fields: Fields) -> Node:
    return Flatten(
        shape=fields.shape("input_type"), start=fields.integer("start_dim", 0), end=fields.integer("end_dim", -1)
    )


#: Written by nir beside a node's own fields, or by others; nothing in them changes what a node does.
_HARMLESS = ("type", "metadata", "input_type", "output_type", "name")
_CONV = ("weight", "bias", "stride", "padding", "dilation", "groups", "input_shape")
_POOL = ("kernel_size", "stride", "padding")
_FIRES = ("v_threshold", "v_reset")
_CUBA = ("tau_syn", "tau_mem", "r", "v_leak", "w_in")

#: What is read, by NIR's name of the kind. A new kind is a new line (and a node class).
KINDS: dict[str, Kind] = {
    "Input": Kind(fields=("shape",), read=_input),
    "Output": Kind(fields=("shape",), read=lambda f: Output(shape=f.shape("shape"))),
    "Identity": Kind(fields=("shape",), read=lambda _: Identity()),
    "Affine": Kind(fields=("weight", "bias"), read=_affine),
    "Linear": Kind(fields=("weight",), read=lambda f: Linear(weight=_weight(f))),
    "Scale": Kind(fields=("scale",), read=lambda f: Scale(scale=f.numbers("scale"))),
    "Conv1d": Kind(fields=_CONV, read=lambda f: _conv(f, 1)),
    "Conv2d": Kind(fields=_CONV, read=lambda f: _conv(f, 2)),
    "SumPool2d": Kind(fields=_POOL, read=lambda f: _pool(f, average=False)),
    "AvgPool2d": Kind(fields=_POOL, read=lambda f: _pool(f, average=True)),
    "Flatten": Kind(fields=("input_type", "start_dim", "end_dim"), read=_flatten),
    "Delay": Kind(fields=("delay",), read=_delay),
    "Threshold": Kind(fields=("threshold",), read=lambda f: Threshold(threshold=f.numbers("threshold"))),
    "I": Kind(fields=("r",), read=lambda f: Integrator(r=f.numbers("r"))),
    "IF": Kind(
        fields=("r", *_FIRES),
        read=lambda f: IF(r=f.numbers("r"), v_threshold=f.numbers("v_threshold"), v_reset=_v_reset(f)),
    ),
    "LI": Kind(fields=("tau", "r", "v_leak"), read=_li),
    "LIF": Kind(fields=("tau", "r", "v_leak", *_FIRES), read=_lif),
    "CubaLI": Kind(fields=_CUBA, read=lambda f: CubaLI(**_cuba(f))),
    "CubaLIF": Kind(fields=(*_CUBA, *_FIRES), read=_cuba_lif),
}


class _Reader:
    """Reads graphs; counts nodes, because links can make a small file look endless."""

    def __init__(self, hdf5: Hdf5) -> None:
        self._hdf5 = hdf5
        self._n_nodes = 0

    def graph(self, group: Any, path: str, depth: int) -> Network:
        where = path or "node"
        if not isinstance(group, h5py.Group) or self._kind(group, self._hdf5.names(group, where), where) != "NIRGraph":
            raise ConvertError(
                where, "type", found="no NIRGraph", allowed="a file written by nir.write", hint="Is this a NIR file?"
            )
        if depth > _MAX_DEPTH:
            raise ConvertError(
                where, "nodes", found=f"graphs nested {depth} deep", allowed=f"up to {_MAX_DEPTH}", hint=""
            )
        _refuse_unknown(self._hdf5.names(group, where), where, "NIRGraph", ("nodes", "edges"))
        members = self._hdf5.member(group, "nodes", where)
        if not isinstance(members, h5py.Group):
            raise ConvertError(where, "nodes", found="nothing", allowed="a group of nodes", hint="Is this a NIR file?")
        nodes: dict[str, Node] = {}
        self._n_nodes += len(members)
        if self._n_nodes > MAX_NODES:
            raise ConvertError(
                where,
                "nodes",
                found=f"more than {MAX_NODES}",
                allowed=f"up to {MAX_NODES} in a file, graphs inside included",
                hint="A network for a microcontroller has some tens: merge layers in the source framework.",
            )
        for name in self._hdf5.names(members, where):
            nodes[name] = self._node(members[name], f"{path}.{name}" if path else name, depth)
        return Network(nodes=nodes, edges=self._edges(group, where, nodes))

    def _kind(self, group: h5py.Group, names: list[str], path: str) -> str:
        return self._hdf5.text(group["type"] if "type" in names else None, path, "type")

    def _node(self, group: Any, path: str, depth: int) -> Node:
        if not isinstance(group, h5py.Group):
            raise ConvertError(path, "", found="data", allowed="a node", hint="Is this a NIR file?")
        names = self._hdf5.names(group, path)
        kind = self._kind(group, names, path)
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
        _refuse_unknown(names, path, kind, KINDS[kind].fields)
        return KINDS[kind].read(Fields(self._hdf5, group, names, path, kind))

    def _edges(self, group: h5py.Group, where: str, nodes: Iterable[str]) -> tuple[tuple[str, str], ...]:
        edges = self._hdf5.pairs(self._hdf5.member(group, "edges", where), where, "edges")
        if len(edges) > MAX_EDGES:
            raise ConvertError(where, "edges", found=str(len(edges)), allowed=f"up to {MAX_EDGES} in a graph", hint="")
        names = set(nodes)
        unknown = next((edge for edge in edges if not names.issuperset(edge)), None)
        if unknown is not None:
            raise ConvertError(
                where,
                "edges",
                found=f"an edge from {unknown[0]!r} to {unknown[1]!r}",
                allowed="names of two nodes",
                hint=f"Nodes: {listed(nodes)}.",
            )
        if len(set(edges)) < len(edges):
            twice = next(edge for edge, n in Counter(edges).items() if n > 1)
            raise ConvertError(
                where, "edges", found=f"an edge from {twice[0]!r} to {twice[1]!r} twice", allowed="once", hint=""
            )
        return tuple(sorted(edges))


def _refuse_unknown(names: list[str], path: str, kind: str, fields: Iterable[str]) -> None:
    """Refuse what a kind does not have: it would change what the node does, and be left out."""
    unknown = next((name for name in names if name not in {*fields, *_HARMLESS}), None)
    if unknown is not None:
        raise ConvertError(
            path,
            unknown[:40],
            found=f"a field that {kind} does not have",
            allowed=", ".join(fields),
            hint="Another version of NIR, or an edited file: write it with nir 1.0.8.",
        )
