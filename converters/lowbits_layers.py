"""Rounds a network population by population: each is fitted to what the rounded ones before it send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from spikelet.converters.cells import Array
from spikelet.converters.graph import Network, topological
from spikelet.converters.lowbits import DAMPING, Rounded, exact, round_weights
from spikelet.converters.lowbits_moments import Seen, columns_of, seen
from spikelet.converters.nodes import FloatArray, Neurons, Weighted
from spikelet.converters.passes.project import scaled
from spikelet.converters.rounding import MAX_MOMENT

__all__ = ["Layer", "LayerRounder", "with_layers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A population's weights in few bits, and the bias that makes up for them.

    `codes` are whole numbers by path of the projection, in its form; `scale` is the size of a weight
    unit and `bias` replaces the neurons' bias, both of shape (size,).
    """

    bits: int
    codes: Mapping[str, Weighted]
    scale: FloatArray
    bias: FloatArray


class LayerRounder:
    """Rounds weights with calibration data; what does not depend on the bits is measured once.

    Args:
        network: folded; its populations' gains are 1.
        inputs: by path of the Input, float64 of shape (samples, ticks, size).
        compared: populations with one scale for all neurons.
        offset: whether biases may change. None: those of populations that have one.
        damping: how much the moments are damped.
    """

    def __init__(
        self,
        network: Network,
        inputs: Mapping[str, Array],
        *,
        compared: frozenset[str] = frozenset(),
        offset: bool | None = None,
        damping: float = DAMPING,
    ) -> None:
        self._network, self._inputs = network, inputs
        self._compared, self._offset, self._damping = compared, offset, damping
        self._columns = {
            path: columns
            for path in topological(network)
            if isinstance(network.nodes[path], Neurons) and (columns := columns_of(network, path)) is not None
        }
        self._done: dict[tuple[tuple[str, int], ...], Layer] = {}
        self._seen: dict[tuple[str, tuple[tuple[str, int], ...]], list[Seen]] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        """Populations that can be rounded, sources first: fed by matrices or by one convolution."""
        return tuple(self._columns)

    def round(self, bits: Mapping[str, int]) -> dict[str, Layer]:
        """Round populations to 8, 4, 2 or 1 bits, in order; those that are not named stay as they are.

        Raises:
            ValueError: a population is not in `paths`, or has other bits.
        """
        unknown = set(bits) - set(self._columns)
        if unknown:
            raise ValueError(f"no weights to round into {', '.join(sorted(unknown))}; only {', '.join(self.paths)}")
        result: dict[str, Layer] = {}
        key: tuple[tuple[str, int], ...] = ()
        for path in self._columns:
            if path not in bits:
                continue
            before, key = key, (*key, (path, bits[path]))
            if key not in self._done:
                self._done[key] = self._layer(path, bits[path], before, with_layers(self._network, result))
            result[path] = self._done[key]
        return result

    def _layer(self, path: str, bits: int, before: tuple[tuple[str, int], ...], other: Network) -> Layer:
        node, columns = self._network.nodes[path], self._columns[path]
        assert isinstance(node, Neurons)
        one = path in self._compared
        offset = bool(np.any(node.bias != 0)) if self._offset is None else self._offset
        known = [exact(weight, bits=bits, per_population=one) for weight in columns.weights]
        if all(known) and (not one or len(known) == 1):
            return self._made(path, bits, [part for part in known if part is not None], None)
        if len(columns.weights[0]) > MAX_MOMENT:
            made = round_weights(columns.weights[0], bits=bits, per_population=one)
            return self._made(path, bits, [made], None)
        moments = self._moments(path, before, other)
        if one and len(columns.weights) > 1:  # groups with one scale: their mean moment
            moments = [Seen(np.mean([m.own for m in moments], axis=0), np.mean([m.meant for m in moments], axis=0))]
            whole = np.concatenate(columns.weights, axis=1)
            made = self._fitted(whole, bits, moments[0], one=True, offset=offset)
            rounded = [
                Rounded(codes=codes, scale=scale)
                for codes, scale in zip(
                    np.split(made.codes, len(columns.weights), axis=1),
                    np.split(made.scale, len(columns.weights)),
                    strict=True,
                )
            ]
            moments = moments * len(rounded)
        else:
            rounded = [
                self._fitted(weight, bits, part, one=one, offset=offset)
                for weight, part in zip(columns.weights, moments, strict=True)
            ]
        change = [
            _offsets(part, weight, made.weight)
            for part, weight, made in zip(moments, columns.weights, rounded, strict=True)
        ]
        return self._made(path, bits, rounded, np.concatenate(change) if offset else None)

    def _moments(self, path: str, before: tuple[tuple[str, int], ...], other: Network) -> list[Seen]:
        """Kept for all bits of a population: they depend on those of the populations before it that feed it."""
        feeding = self._feeding(path)
        key = (path, tuple(part for part in before if part[0] in feeding))
        if key not in self._seen:
            self._seen[key] = seen(
                self._network, other, path, self._columns[path], self._inputs, single=path in self._compared
            )
        return self._seen[key]

    def _feeding(self, path: str) -> set[str]:
        """Every node that a population's input may come from."""
        found: set[str] = set()
        left = self._network.sources(path)
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += self._network.sources(name)
        return found

    def _fitted(self, weight: FloatArray, bits: int, moments: Seen, *, one: bool, offset: bool) -> Rounded:
        """Round one matrix, target by target where each has its own moments."""
        n = len(moments.own)
        if n == 1 or one:
            wanted, moment = moments.target(weight, 0, offset=offset, damping=self._damping)
            return round_weights(wanted, bits=bits, per_population=one, moment=moment, damping=0.0)
        parts = []
        for k in range(n):
            wanted, moment = moments.target(weight[:, k : k + 1], k, offset=offset, damping=self._damping)
            parts.append(round_weights(wanted, bits=bits, moment=moment, damping=0.0))
        return Rounded(
            codes=np.concatenate([part.codes for part in parts], axis=1),
            scale=np.concatenate([part.scale for part in parts]),
        )

    def _made(self, path: str, bits: int, rounded: list[Rounded], change: FloatArray | None) -> Layer:
        node, columns = self._network.nodes[path], self._columns[path]
        assert isinstance(node, Neurons)
        scale = np.concatenate([part.scale for part in rounded])
        each = node.size // len(scale)  # neurons of a channel
        return Layer(
            bits=bits,
            codes=columns.split(self._network, [part.codes.astype(np.float64) for part in rounded]),
            scale=np.repeat(scale, each),
            bias=node.bias if change is None else node.bias + np.repeat(change, each),
        )


def _offsets(moments: Seen, weight: FloatArray, rounded: FloatArray) -> FloatArray:
    if len(moments.own) == 1:
        return moments.offset_for(weight, rounded, 0)
    parts = [moments.offset_for(weight[:, k : k + 1], rounded[:, k : k + 1], k) for k in range(len(moments.own))]
    return np.concatenate(parts)


def with_layers(network: Network, layers: Mapping[str, Layer]) -> Network:
    """The network with the weights that codes stand for, and their biases: what the integers come near."""
    nodes = dict(network.nodes)
    for path, layer in layers.items():
        node = nodes[path]
        assert isinstance(node, Neurons)
        nodes[path] = replace(node, bias=layer.bias)
        nodes.update({name: scaled(path, codes, layer.scale) for name, codes in layer.codes.items()})
    return Network(nodes=nodes, edges=network.edges, meta=network.meta)
