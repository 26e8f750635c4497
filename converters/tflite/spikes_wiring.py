"""A spiking network as it grows: what each tensor of the file has become, and populations that send it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spikelet.converters.graph import MAX_ELEMENTS, Network
from spikelet.converters.linear import matrix_of
from spikelet.converters.nodes import FloatArray, Input, Neurons, Node, Output, Pool, Scale, Shape, size_of
from spikelet.model import LifChoices, ResetKind

__all__ = ["NO_PAD", "Plan", "Role", "Signal", "Wiring"]

Pad = tuple[tuple[int, int], tuple[int, int]]
NO_PAD: Pad = ((0, 0), (0, 0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signal:
    """What a tensor has become: the sum of what some nodes give, and a constant.

    `shape` is (channels, height, width) or (n,), numbered in C order; `constant` is flat. `sent` says that it comes
    from neurons or the input with nothing but pools in between: weights may follow. `rectified` values are never
    negative. `pad` are zeros around the map that a convolution has still to see; `last` values may only leave.
    """

    paths: tuple[str, ...]
    shape: Shape
    constant: FloatArray | None = None
    sent: bool = False
    rectified: bool = False
    pad: Pad = NO_PAD
    last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Role:
    """Which part of which tensor a population sends.

    `tensor` is the file's index, -1 for what stands between tensors; `negative`: the part below 0. Its largest value
    is calibrated, at most `ceiling`; that of `like`, where it is not "", is that population's.
    """

    tensor: int
    negative: bool = False
    ceiling: float = np.inf
    like: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """A network whose populations have no thresholds yet: each is a ReLU, followed by a Scale `value_of(path)`.

    `roles` has all populations that fire, sources first. A frame holds whole numbers from 0 to 255;
    `input_scale` (frame - `input_zero`) is what they mean.
    """

    network: Network
    roles: dict[str, Role]
    input_scale: float
    input_zero: int
    dropped: tuple[str, ...]


class Wiring:
    """Collects nodes and edges; paths are given by the caller."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: list[tuple[str, str]] = []
        self.roles: dict[str, Role] = {}

    def add(self, path: str, node: Node, sources: Sequence[str]) -> str:
        """A node; a path that is taken gets a mark."""
        while path in self.nodes:
            path += "'"
        self.nodes[path] = node
        self.edges += [(source, path) for source in dict.fromkeys(sources)]
        return path

    def through(self, path: str, node: Node, signal: Signal) -> Signal:
        """A signal behind a linear node without a bias."""
        constant, shape = signal.constant, node.gives(signal.shape)
        if size_of(shape) > MAX_ELEMENTS:
            raise ValueError(f"{size_of(shape)} values, of at most {MAX_ELEMENTS}")
        if constant is not None:
            constant = constant @ matrix_of(node, signal.shape, path)
        made = self.add(path, node, signal.paths)
        return Signal(paths=(made,), shape=shape, constant=constant)

    def plus(self, signal: Signal, constant: FloatArray) -> Signal:
        """A signal and a constant; `constant` is flat."""
        known = np.zeros(size_of(signal.shape)) if signal.constant is None else signal.constant
        return replace(signal, constant=known + constant)

    def weighted(self, path: str, signal: Signal) -> Signal:
        """A signal that may be added to others: what is sent gets weights of 1."""
        if not signal.sent:
            return signal
        node: Node = Scale(scale=np.ones(1))
        if len(signal.shape) == 3:  # as a convolution it has few weights
            node = Pool(kernel=(1, 1), stride=(1, 1), padding=(0, 0), average=False)
        return replace(self.through(path, node, signal), rectified=signal.rectified)

    def total(self, signals: Sequence[Signal]) -> Signal:
        """The sum of weighted signals."""
        first = signals[0]
        constants = [s.constant for s in signals if s.constant is not None]
        return Signal(
            paths=tuple(path for signal in signals for path in signal.paths),
            shape=first.shape,
            constant=sum(constants[1:], constants[0]) if constants else None,
            rectified=all(signal.rectified for signal in signals),
        )

    def population(self, path: str, signal: Signal, role: Role) -> Signal:
        """Neurons that send the positive part of a weighted signal; of its negative part, where the role says so."""
        if role.negative:
            signal = self.through(f"{path}.turned", Scale(scale=-np.ones(1)), signal)
        size = size_of(signal.shape)
        constant = np.zeros(size) if signal.constant is None else signal.constant
        made = self.add(path, _neurons(signal.shape, constant, fires=True), signal.paths)
        self.roles[made] = role
        value = self.add(f"{made}.value", Scale(scale=np.ones(1)), [made])
        return Signal(paths=(value,), shape=signal.shape, sent=True, rectified=True)

    def readout(self, path: str, output: str, signal: Signal) -> None:
        """Neurons that add up the network's result and never fire."""
        size = size_of(signal.shape)
        constant = np.zeros(size) if signal.constant is None else signal.constant
        made = self.add(path, _neurons(signal.shape, constant, fires=False), signal.paths)
        self.add(output, Output(shape=None), [made])

    def input(self, path: str, shape: Shape, scale: float, zero: int) -> Signal:
        """The port that takes frames."""
        self.nodes[path] = Input(shape=shape, channels_last=len(shape) == 3 and shape[0] > 1)
        value = self.add(f"{path}.value", Scale(scale=np.full(1, scale)), [path])
        constant = np.full(size_of(shape), -scale * zero) if zero else None
        return Signal(paths=(value,), shape=shape, constant=constant, sent=True, rectified=zero == 0)

    def network(self) -> Network:
        """What has been collected."""
        return Network(nodes=self.nodes, edges=tuple(self.edges))


def _neurons(shape: Shape, bias: FloatArray, *, fires: bool) -> Neurons:
    """Neurons without leak; their thresholds are 1 and are reset by subtraction."""
    zero = np.zeros(size_of(shape))
    choices = LifChoices(fires=fires, reset_kind=ResetKind.SUBTRACT if fires else ResetKind.NONE)
    return Neurons(
        shape=shape,
        choices=choices,
        strict=False,
        decay_v=zero + 1,
        decay_u=zero + 1,
        gain=zero + 1,
        threshold=zero + (1 if fires else np.inf),
        reset=zero + fires,
        count_by=zero + 1,
        bias=bias,
        v_min=zero - np.inf,
        v_init=zero,
        offset=zero,
    )
