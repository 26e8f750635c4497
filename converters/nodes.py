"""The nodes of a float network: what a trained file says, and what is left when it is lowered."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spikelet.model import LifChoices

if TYPE_CHECKING:
    from spikelet.converters.graph import Network

__all__ = [
    "IF",
    "LI",
    "LIF",
    "Affine",
    "CubaLI",
    "CubaLIF",
    "Dense",
    "Flatten",
    "FloatArray",
    "Graph",
    "Identity",
    "Input",
    "Integrator",
    "Linear",
    "Neurons",
    "Node",
    "Output",
    "Scale",
    "Shape",
    "Threshold",
    "size_of",
]

FloatArray = npt.NDArray[np.float64]
Shape = tuple[int, ...]


def size_of(shape: Shape) -> int:
    """Number of elements of a shape, as a Python integer (no overflow)."""
    n = 1
    for axis in shape:
        n *= axis
    return n


def _common_shape(*arrays: FloatArray) -> Shape | None:
    """Shape of arrays that are equal in shape or hold one number; None when all hold one."""
    found = {a.shape for a in arrays if a.size != 1}
    if len(found) > 1:
        raise ValueError(f"parameters of shapes {', '.join(map(str, sorted(found)))}")
    return next(iter(found), None)


class Node:
    """A node of a network. Most keep their input's shape."""

    __slots__ = ()

    def takes(self) -> Shape | None:
        """Shape of the input, None for any."""
        return None

    def gives(self, given: Shape, /) -> Shape:
        """Shape of the output for an input of shape `given`."""
        return given


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Input(Node):
    """Where input enters. `port_shape` is the shape that people know, where `shape` was flattened."""

    shape: Shape
    port_shape: Shape = ()

    def gives(self, _: Shape, /) -> Shape:
        """Its own shape."""
        return self.shape


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Output(Node):
    """Where a result leaves. `shape` is None where the file does not say."""

    shape: Shape | None

    def takes(self) -> Shape | None:
        """What the file says."""
        return self.shape


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Identity(Node):
    """Gives what it takes: the border of a graph inside a graph."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Affine(Node):
    """y = weight x + bias; weight has shape (out, in), bias (out,)."""

    weight: FloatArray
    bias: FloatArray

    def takes(self) -> Shape:
        """(in,)."""
        return (self.weight.shape[1],)

    def gives(self, _: Shape, /) -> Shape:
        """(out,)."""
        return (self.weight.shape[0],)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linear(Node):
    """y = weight x; weight has shape (out, in)."""

    weight: FloatArray

    def takes(self) -> Shape:
        """(in,)."""
        return (self.weight.shape[1],)

    def gives(self, _: Shape, /) -> Shape:
        """(out,)."""
        return (self.weight.shape[0],)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scale(Node):
    """y = scale x, element by element; one number serves all."""

    scale: FloatArray

    def takes(self) -> Shape | None:
        """The shape of `scale`, any for one number."""
        return _common_shape(self.scale)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flatten(Node):
    """Joins the axes `start` to `end` (both included, counted without a batch axis)."""

    shape: Shape | None
    start: int
    end: int

    def takes(self) -> Shape | None:
        """What the file says."""
        return self.shape

    def gives(self, given: Shape, /) -> Shape:
        """`given` with the axes joined."""
        n = len(given)
        start, end = self.start + n * (self.start < 0), self.end + n * (self.end < 0)
        if not 0 <= start <= end < n:
            raise ValueError(f"axes {self.start} to {self.end} of an input of shape {given}")
        return (*given[:start], size_of(given[start : end + 1]), *given[end + 1 :])


class _Elementwise(Node):
    """A neuron kind whose parameters have one shape, or are one number for all."""

    __slots__ = ()

    def takes(self) -> Shape | None:
        """The parameters' shape."""
        return _common_shape(*(getattr(self, f.name) for f in fields(self)))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Threshold(_Elementwise):
    """z = x > threshold."""

    threshold: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Integrator(_Elementwise):
    """dv/dt = r x (NIR's "I")."""

    r: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IF(_Elementwise):
    """An integrator that fires."""

    r: FloatArray
    v_threshold: FloatArray
    v_reset: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LI(_Elementwise):
    """tau dv/dt = v_leak - v + r x."""

    tau: FloatArray
    r: FloatArray
    v_leak: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LIF(_Elementwise):
    """A leaky integrator that fires."""

    tau: FloatArray
    r: FloatArray
    v_leak: FloatArray
    v_threshold: FloatArray
    v_reset: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CubaLI(_Elementwise):
    """tau_syn di/dt = w_in x - i; tau_mem dv/dt = v_leak - v + r i."""

    tau_syn: FloatArray
    tau_mem: FloatArray
    r: FloatArray
    v_leak: FloatArray
    w_in: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CubaLIF(_Elementwise):
    """A CubaLI that fires."""

    tau_syn: FloatArray
    tau_mem: FloatArray
    r: FloatArray
    v_leak: FloatArray
    w_in: FloatArray
    v_threshold: FloatArray
    v_reset: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph(Node):
    """A network as a node of another."""

    network: Network


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neurons(Node):
    """Neurons in discrete time: semantics 3 with real numbers instead of integers.

    All arrays are float64 of shape (size,). Potentials are counted from `offset` (the file's
    v_leak); `gain` multiplies the input; `reset` is `reset_by` or `reset_to`, by the kind of reset.
    `strict` says whether `v > threshold` fires or `v >= threshold`.
    """

    shape: Shape
    choices: LifChoices
    strict: bool
    decay_v: FloatArray
    decay_u: FloatArray
    gain: FloatArray
    threshold: FloatArray
    reset: FloatArray
    count_by: FloatArray
    bias: FloatArray
    v_min: FloatArray
    v_init: FloatArray
    offset: FloatArray

    @property
    def size(self) -> int:
        """Number of neurons."""
        return size_of(self.shape)

    def takes(self) -> Shape:
        """Its shape."""
        return self.shape


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dense(Node):
    """All weights from one source to one target, shape (source, target): what is left of linear nodes."""

    weight: FloatArray

    def gives(self, given: Shape, /) -> Shape:
        """(target,); takes any shape of as many elements as it has sources."""
        if size_of(given) != self.weight.shape[0]:
            raise ValueError(f"an input of shape {given} for {self.weight.shape[0]} sources")
        return (self.weight.shape[1],)
