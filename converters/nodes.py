"""The nodes of a float network: what a trained file says, and what is left when it is lowered."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from spikelet.model import LifChoices, SourceMap, TargetMap

if TYPE_CHECKING:
    from spikelet.converters.graph import Network

__all__ = [
    "IF",
    "LI",
    "LIF",
    "Affine",
    "Conv",
    "Convolution",
    "CubaLI",
    "CubaLIF",
    "Delay",
    "DelayLine",
    "Dense",
    "Flat",
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
    "Pool",
    "Projected",
    "Scale",
    "Shape",
    "Sparse",
    "Threshold",
    "Ticks",
    "Weighted",
    "size_of",
]

FloatArray = npt.NDArray[np.float64]
Ticks = npt.NDArray[np.int64]
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
    """Where input enters. `port_shape` is the shape that people know, where `shape` was flattened.

    `channels_last`: the port's neurons are numbered (height, width, channels), `shape` being (channels, height, width).
    """

    shape: Shape
    port_shape: Shape = ()
    channels_last: bool = False

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conv(Node):
    """A convolution over one or two axes (NIR's Conv1d, Conv2d): y = weight * x + bias.

    `weight` has shape (out, in / groups, k) or (out, in / groups, ky, kx), `bias` (out,). `stride` and
    `dilation` have one number an axis, `padding` a pair (before, after) an axis. `input_shape` are the
    spatial axes of the input, None where the file does not say.
    """

    weight: FloatArray
    bias: FloatArray
    stride: Shape
    padding: tuple[tuple[int, int], ...]
    dilation: Shape
    groups: int
    input_shape: Shape | None

    def takes(self) -> Shape | None:
        """(in, *input_shape)."""
        channels = self.weight.shape[1] * self.groups
        return None if self.input_shape is None else (channels, *self.input_shape)

    def gives(self, given: Shape, /) -> Shape:
        """(out, *spatial axes)."""
        n = self.weight.ndim - 2
        if len(given) != n + 1 or given[0] != self.weight.shape[1] * self.groups:
            raise ValueError(
                f"an input of shape {given} for a convolution of {self.weight.shape[1] * self.groups} channels"
                f" over {n} axes"
            )
        sizes = (
            (size + sum(pad) - dilation * (k - 1) - 1) // stride + 1
            for size, pad, dilation, k, stride in zip(
                given[1:], self.padding, self.dilation, self.weight.shape[2:], self.stride, strict=True
            )
        )
        shape = (self.weight.shape[0], *sizes)
        if min(shape) < 1:
            raise ValueError(f"an input of shape {given}, smaller than the kernel {self.weight.shape[2:]}")
        return shape


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool(Node):
    """Sums (or means, `average`) over windows of the last two axes; padding counts as zeros, in means too."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    average: bool

    def gives(self, given: Shape, /) -> Shape:
        """(channels, height, width)."""
        if len(given) != 3:
            raise ValueError(f"an input of shape {given} where (channels, height, width) is needed")
        sizes = tuple(
            (size + 2 * pad - k) // stride + 1
            for size, pad, k, stride in zip(given[1:], self.padding, self.kernel, self.stride, strict=True)
        )
        if min(sizes) < 1:
            raise ValueError(f"an input of shape {given}, smaller than the window {self.kernel}")
        return (given[0], *sizes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Delay(Node):
    """y(t) = x(t - delay); `delay` [s], one number or the shape of the input (NIR's Delay)."""

    delay: FloatArray

    def takes(self) -> Shape | None:
        """The shape of `delay`, any for one number."""
        return _common_shape(self.delay)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DelayLine(Node):
    """y(t) = x(t - ticks), element by element; int64 of shape (size,) or (1,) for all.

    What is left of Delay when time is in ticks. A line whose ticks are all above 0 may stand on a
    cycle: its output of a tick does not depend on its input of that tick.
    """

    ticks: Ticks

    @property
    def breaks(self) -> bool:
        """Whether a cycle through it is one in time."""
        return bool(np.all(self.ticks > 0))

    def gives(self, given: Shape, /) -> Shape:
        """`given`; ticks are flat."""
        if self.ticks.size not in (1, size_of(given)):
            raise ValueError(f"an input of shape {given} for delays of {self.ticks.size} elements")
        return given


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
    `strict` says whether `v > threshold` fires or `v >= threshold`. `unit` is there where the file's own
    numbers are integers (Loihi): the size of a weight unit, with which all weights are whole. `most` is how many
    spikes a tick may have where several are allowed; 0: as many as its consumers can take.
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
    unit: float | None = None
    most: int = 0

    @property
    def size(self) -> int:
        """Number of neurons."""
        return size_of(self.shape)

    def takes(self) -> Shape:
        """Its shape."""
        return self.shape


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flat(Node):
    """A Conv or Pool on flat vectors: `shape` are the axes of its input, in C order."""

    node: Conv | Pool
    shape: Shape

    def takes(self) -> Shape:
        """(size,)."""
        return (size_of(self.shape),)

    def gives(self, _: Shape, /) -> Shape:
        """(size of the output,)."""
        return (size_of(self.node.gives(self.shape)),)


class Projected(Node):
    """All weights from one source to one target: what is left of linear nodes.

    `delays` (int64, shape (target,)) is there where what comes to each target comes so many ticks late.
    """

    __slots__ = ()
    delays: Ticks | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dense(Projected):
    """A matrix of shape (source, target); with a `source_map`, (rows of the pooled map, target).

    Sources and targets are numbered as in the file, in C order; rows of a pooled map too: its `planar`
    is True here.
    """

    weight: FloatArray
    source_map: SourceMap | None = None
    delays: Ticks | None = None

    def gives(self, given: Shape, /) -> Shape:
        """(target,); takes any shape of as many elements as it has sources."""
        sources = self.weight.shape[0] if self.source_map is None else self.source_map.size
        if size_of(given) != sources:
            raise ValueError(f"an input of shape {given} for {sources} sources")
        return (self.weight.shape[1],)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Convolution(Projected):
    """A convolution, with sum-pooling of its source: weight (out, in / groups, ky, kx); maps are planar (C order)."""

    weight: FloatArray
    source_map: SourceMap
    target_map: TargetMap
    delays: Ticks | None = None

    def gives(self, given: Shape, /) -> Shape:
        """(target,); takes any shape of as many elements as its map has."""
        if size_of(given) != self.source_map.size:
            raise ValueError(f"an input of shape {given} for {self.source_map.size} sources")
        return (self.target_map.size,)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sparse(Projected):
    """A matrix of shape (source, target) of which few elements are not 0."""

    weight: csr_array
    delays: Ticks | None = None

    def gives(self, given: Shape, /) -> Shape:
        """(target,); takes any shape of as many elements as it has sources."""
        if size_of(given) != self.weight.shape[0]:
            raise ValueError(f"an input of shape {given} for {self.weight.shape[0]} sources")
        return (int(self.weight.shape[1]),)


#: Weights of any form.
Weighted = Dense | Convolution | Sparse
