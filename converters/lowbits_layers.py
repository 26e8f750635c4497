"""Rounds a network population by population: each is fitted to what the rounded ones before it send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from spikelet.converters.cells import Array
from spikelet.converters.floating import Floating
from spikelet.converters.graph import Network, topological
from spikelet.converters.lowbits import DAMPING, Rounded, exact, round_weights
from spikelet.converters.lowbits_moments import Seen, columns_of, seen
from spikelet.converters.lowbits_search import Outputs, refine
from spikelet.converters.nodes import FloatArray, Neurons, Output, Weighted
from spikelet.converters.passes.project import scaled
from spikelet.converters.rounding import MAX_MOMENT

__all__ = ["Layer", "LayerRounder", "with_layers"]

_BATCH = 64
#: Most bits and neurons of an output population whose codes are tried one by one.
_TRIED_BITS = 2
_TRIED_SIZE = 64


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
        inputs: by path of the Input, float64 of shape (samples, ticks, size). None: there are no data, and
            moments are estimated from the weights.
        compared: populations with one scale for all neurons.
        offset: whether biases may change. None: those of populations that have one.
        damping: how much the moments are damped.
        trials: whether codes of small output populations are tried one by one at the end (2 bits and 1).
    """

    def __init__(
        self,
        network: Network,
        inputs: Mapping[str, Array] | None,
        *,
        compared: frozenset[str] = frozenset(),
        offset: bool | None = None,
        damping: float = DAMPING,
        trials: bool = True,
    ) -> None:
        self._network, self._inputs, self._trials = network, inputs, trials
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
        weights = columns.weights
        if one:  # groups of a convolution share the scale: one matrix
            weights = (np.concatenate(weights, axis=1),)
        known = [exact(weight, bits=bits, per_population=one) for weight in weights]
        if all(known):
            return self._made(path, bits, [part for part in known if part is not None], node.bias)
        if self._inputs is None or len(weights[0]) > MAX_MOMENT:
            blind = [round_weights(weight, bits=bits, per_population=one) for weight in weights]
            return self._made(path, bits, blind, node.bias)
        moments = self._moments(path, before, other, self._inputs)
        if len(weights) < len(moments):
            moments = [_mean(moments)]
        pairs = list(zip(weights, moments, strict=True))
        rounded = [self._fitted(weight, bits, part, one=one, offset=offset) for weight, part in pairs]
        bias = node.bias
        if offset:
            change = [_offsets(part, weight, made.weight) for (weight, part), made in zip(pairs, rounded, strict=True)]
            bias = bias + _spread(np.concatenate(change), node.size)
        if self._trials and bits <= _TRIED_BITS and self._decides(path):
            outputs = self._outputs(path, other, self._inputs)
            better, bias = refine(node, rounded[0], bias, outputs, bits=bits, offset=offset)
            rounded = [better]
        return self._made(path, bits, rounded, bias)

    def _decides(self, path: str) -> bool:
        """Whether spikes of a small population are an output, so that single codes can be tried."""
        node, columns = self._network.nodes[path], self._columns[path]
        assert isinstance(node, Neurons)
        late = any(getattr(self._network.nodes[name], "delays", None) is not None for name in columns.paths)
        told = any(isinstance(self._network.nodes[name], Output) for name in self._network.targets(path))
        small = 2 <= node.size <= _TRIED_SIZE and columns.patches is None and path not in self._compared
        return told and small and node.choices.fires and not late

    def _outputs(self, path: str, other: Network, inputs: Mapping[str, Array]) -> Outputs:
        """What the rounded network gives a population, and what the float network makes of its own input."""
        sources = [self._network.sources(name)[0] for name in self._columns[path].paths]
        given, counts = [], []
        samples = len(next(iter(inputs.values())))
        for start in range(0, samples, _BATCH):
            batch = {name: values[start : start + _BATCH] for name, values in inputs.items()}
            ticks = Floating(other).ticks(batch)
            given.append(np.stack([np.concatenate([values[name] for name in sources], axis=1) for values in ticks]))
            counts.append(np.sum([values[path] for values in Floating(self._network).ticks(batch)], axis=0))
        return Outputs(given=np.concatenate(given, axis=1), counts=np.concatenate(counts))

    def _moments(
        self, path: str, before: tuple[tuple[str, int], ...], other: Network, inputs: Mapping[str, Array]
    ) -> list[Seen]:
        """Kept for all bits of a population: they depend on those of the populations before it that feed it."""
        feeding = self._feeding(path)
        key = (path, tuple(part for part in before if part[0] in feeding))
        if key not in self._seen:
            self._seen[key] = seen(
                self._network, other, path, self._columns[path], inputs, single=path in self._compared
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

    def _made(self, path: str, bits: int, rounded: Sequence[Rounded], bias: FloatArray) -> Layer:
        columns = self._columns[path]
        codes = np.concatenate([part.codes.astype(np.float64) for part in rounded], axis=1)
        return Layer(
            bits=bits,
            codes=columns.split(self._network, np.split(codes, len(columns.weights), axis=1)),
            scale=_spread(np.concatenate([part.scale for part in rounded]), len(bias)),
            bias=bias,
        )


def _spread(values: FloatArray, size: int) -> FloatArray:
    """Numbers of channels for all their neurons."""
    return np.repeat(values, size // len(values))


def _mean(moments: Sequence[Seen]) -> Seen:
    return Seen(np.mean([part.own for part in moments], axis=0), np.mean([part.meant for part in moments], axis=0))


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
        nodes.update({name: scaled(codes, layer.scale) for name, codes in layer.codes.items()})
    return Network(nodes=nodes, edges=network.edges, meta=network.meta)
