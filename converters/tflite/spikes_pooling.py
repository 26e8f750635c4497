"""Max-pooling with neurons: max(a, b) = a + relu(b - a), in pairs, until one value of a window is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spikelet.converters.nodes import Conv, FloatArray, Scale
from spikelet.converters.tflite.spikes_wiring import Pad, Role, Signal, Wiring

__all__ = ["largest"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Value:
    """A value at each window: taps of the map by their weights (ky, kx), and populations of one value a window."""

    taps: FloatArray
    parts: Mapping[str, float]

    def minus(self, other: _Value) -> _Value:
        """The difference of two values."""
        names = dict.fromkeys([*self.parts, *other.parts])
        parts = {name: self.parts.get(name, 0.0) - other.parts.get(name, 0.0) for name in names}
        return _Value(taps=self.taps - other.taps, parts={name: part for name, part in parts.items() if part})


class _Windows:
    """The windows of one pool: where nodes are put, the map, what populations send, and where windows lie."""

    def __init__(
        self, wiring: Wiring, path: str, signal: Signal, role: Role, *, stride: tuple[int, int], pad: Pad
    ) -> None:
        self._wiring, self._path, self._signal, self._role = wiring, path, signal, role
        self._stride, self._pad = stride, pad
        self._count = 0

    def larger(self, a: _Value, b: _Value) -> _Value:
        """max(a, b)."""
        self._count += 1
        path = f"{self._path}.pair_{self._count}"
        made = self.send(path, b.minus(a))
        return _Value(taps=a.taps, parts={**a.parts, made.paths[0]: 1.0})

    def send(self, path: str, value: _Value) -> Signal:
        """A population that sends a value, where it is above 0."""
        channels = self._signal.shape[0]
        node = Conv(
            weight=np.tile(value.taps, (channels, 1, 1, 1)),
            bias=np.zeros(channels),
            stride=self._stride,
            padding=self._pad,
            dilation=(1, 1),
            groups=channels,
            input_shape=None,
        )
        parts = [self._wiring.through(f"{path}.taps", node, self._signal)] if np.any(value.taps) else []
        for place, (name, factor) in enumerate(value.parts.items()):
            shape = node.gives(self._signal.shape)
            one = Signal(paths=(name,), shape=shape, sent=True, rectified=True)
            same = self._wiring.weighted(f"{path}.from_{place}", one)
            parts.append(self._wiring.through(f"{path}.by_{place}", Scale(scale=np.full(1, factor)), same))
        return self._wiring.population(path, self._wiring.total(parts), self._role)


def largest(
    wiring: Wiring,
    path: str,
    signal: Signal,
    role: Role,
    *,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pad: Pad,
) -> Signal:
    """The largest value of each window.

    A window of n values takes n - 1 populations for the pairs and one that sends the result, each with one neuron a
    window and channel. What lies outside of the map is 0, which is never above what a ReLU gives.

    Args:
        wiring: where nodes are put.
        path: of the population that sends the result.
        signal: sent, rectified, a map.
        role: of the result; the others have the same thresholds.
        kernel, stride, pad: of the windows.
    """
    windows = _Windows(wiring, path, signal, role, stride=stride, pad=pad)
    values = []
    for tap in np.ndindex(kernel):
        taps = np.zeros(kernel)
        taps[tap] = 1.0
        values.append(_Value(taps=taps, parts={}))
    while len(values) > 1:
        pairs = [windows.larger(a, b) for a, b in zip(values[::2], values[1::2], strict=False)]
        values = [*pairs, *values[2 * len(pairs) :]]
    return windows.send(path, values[0])
