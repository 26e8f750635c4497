"""Small networks written with the nir package, NIR's own writer."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np

__all__ = ["affine", "chain", "edit", "graph_of", "lif", "written"]


def affine(n_out: int, n_in: int, seed: int = 0) -> nir.Affine:
    """Random weights that 8 bits hold exactly: multiples of 1/32."""
    generator = np.random.default_rng(seed)
    weight, bias = generator.integers(-60, 64, (n_out, n_in)) / 32, generator.integers(-4, 8, n_out) / 32
    return nir.Affine(weight=weight.astype(np.float32), bias=bias.astype(np.float32))


def lif(n: int, **changes: float) -> nir.LIF:
    """LIF neurons of tau 10 ms, r 1, threshold 1."""
    values = {"tau": 0.01, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0, **changes}
    return nir.LIF(**{name: np.full(n, value, np.float32) for name, value in values.items()})


def chain(*nodes: nir.NIRNode, n_in: int, n_out: int) -> nir.NIRGraph:
    """Input, the nodes in a row, Output; they are called "0", "1", ..."""
    named: dict[str, Any] = {"input": nir.Input(np.array([n_in]))}
    named |= {str(i): node for i, node in enumerate(nodes)}
    named["output"] = nir.Output(np.array([n_out]))
    names = list(named)
    return nir.NIRGraph(named, list(pairwise(names)))


def graph_of(edges: str, **nodes: nir.NIRNode | int | tuple[int, ...]) -> nir.NIRGraph:
    """A graph by its edges, "a b, b c"; a shape is an Input where no edge leads to it, else an Output."""
    pairs = [(a, b) for a, b in (edge.split() for edge in edges.split(","))]
    ends = {b for _, b in pairs}

    def node(name: str, value: nir.NIRNode | int | tuple[int, ...]) -> nir.NIRNode:
        if isinstance(value, nir.NIRNode):
            return value
        return (nir.Output if name in ends else nir.Input)(np.atleast_1d(value))

    return nir.NIRGraph({name: node(name, value) for name, value in nodes.items()}, pairs, type_check=False)


def written(path: Path, graph: nir.NIRGraph, compression: str | None = "gzip") -> Path:
    """Write a graph; returns the file's path. With compression nir cannot write arrays without axes."""
    file = path / "net.nir"
    nir.write(file, graph, compression=compression)
    return file


def edit(file: Path, changes: Mapping[str, Any]) -> Path:
    """Replace or (None) delete members of a file by their HDF5 path."""
    with h5py.File(file, "r+") as h:
        for name, value in changes.items():
            if name in h:
                del h[name]
            if value is not None:
                h[name] = value
    return file
