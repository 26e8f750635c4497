"""A folded network on its way to a model: in the order of updates, quantised part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spikelet.converters.bounds import Source
from spikelet.converters.graph import Network, shapes
from spikelet.converters.nodes import Convolution, DelayLine, Input, Neurons, Output, Weighted, size_of
from spikelet.converters.ordering import order
from spikelet.converters.placing import Place, block_of, placed, projection
from spikelet.converters.ports import Options, output_port, source_of
from spikelet.converters.quantize import REST, Given, Quantised, Settings, delay_line, quantise
from spikelet.converters.weights import reach
from spikelet.errors import ConvertError
from spikelet.model import Decoder, InputPort, Model, PopulationKind, Projection, ProjectionKind

__all__ = ["Lowered"]

_MAX_POPULATIONS = 256
_MAX_PROJECTIONS = 1024
_MAX_COUNT = 32767
#: What the sources of a population may send in a tick where several spikes are possible: so much leaves 6 fraction
#: bits and fast kernels (128 * 2^17 * 2^6 = 2^30).
_MAX_SENT = 2**17 - 1


class Lowered:
    """A folded network with its ports.

    Args:
        network: Input, Neurons, DelayLine, weights and Output.
        ports: of its Inputs, in their order.

    Raises:
        ConvertError: there is a cycle without a delay, or there are too many populations or projections.
    """

    def __init__(self, network: Network, ports: Sequence[InputPort]) -> None:
        self._network = network
        self._ports = {port.name: port for port in ports}
        self._size = {path: size_of(shape) for path, shape in shapes(network, "order").items()}
        self._sources: dict[str, list[str]] = {path: [] for path in network.nodes}
        self._targets: dict[str, list[str]] = {path: [] for path in network.nodes}
        for a, b in network.edges:
            self._sources[b].append(a)
            self._targets[a].append(b)
        self._ordered = order(network, self._size)
        self._places = self._find_places()
        weights = [path for path, node in network.nodes.items() if isinstance(node, Weighted)]
        for what, found, most in (
            ("populations and delays", len(self._ordered.paths), _MAX_POPULATIONS),
            ("projections", len(weights), _MAX_PROJECTIONS),
        ):
            if found > most:
                raise ConvertError(
                    "network",
                    "nodes",
                    found=f"{found} {what}",
                    allowed=f"at most {most}",
                    hint="A model for a microcontroller has fewer: split the network, or merge layers.",
                )

    def quantise(self, settings: Settings) -> dict[str, Quantised]:
        """Every population, in the order of updates: what one may send bounds the input of the next."""
        limits = {name: source_of(port) for name, port in self._ports.items()}
        counts: dict[str, int] = {}
        result: dict[str, Quantised] = {}
        for path in self._ordered.paths:
            node = self._network.nodes[path]
            if isinstance(node, DelayLine):
                source = self._sources[path][0]
                known = limits.get(source) or self._assumed(source)
                made = delay_line(
                    path, _compact(self._ordered.ticks[path]), self._size[path], max_count=known.max_value
                )  # fmt: skip
            else:
                assert isinstance(node, Neurons)
                given = {name: self._given(name, limits) for name in self._sources[path]}
                made = quantise(path, node, given, settings, most_spikes=self._most_spikes(path))
            result[path] = made
            counts[path] = made.population.max_count
            limits[path] = self._limits(path, counts[path], limits)
        return result

    def model(
        self,
        quantised: Mapping[str, Quantised],
        outputs: Mapping[str, Decoder],
        options: Options,
        *,
        meta: Mapping[str, Any],
        dt: float | None,
    ) -> Model:
        """Put everything in its place."""
        index = {path: i for i, path in enumerate(quantised)}
        populations = []
        reports = []
        for path, part in quantised.items():
            into = list(part.weights.values())
            place = self._places[path]
            block = block_of(place, part.population, into) if part.population.kind is PopulationKind.LIF else 0
            populations.append(placed(part.population, place, block))
            reports.append(self._report(part, place))
        return Model(
            populations=tuple(populations),
            projections=tuple(self._projections(quantised, index, options.sparse)),
            inputs=tuple(self._ports.values()),
            outputs=tuple(
                output_port(
                    path,
                    index[self._sources[path][0]],
                    self._size[self._sources[path][0]],
                    fires=quantised[self._sources[path][0]].population.choices.fires,
                    decoder=decoder,
                    options=options,
                )
                for path, decoder in outputs.items()
            ),
            ticks_per_sample=options.ticks_per_sample,
            reset_between=options.reset_between,
            tick_ns=min(round(dt * 1e9), 2**32 - 1) if dt is not None else 0,
            meta={**meta, "populations": reports},
        )

    def _find_places(self) -> dict[str, Place]:
        """Maps get their channels last, but those whose neurons a port tells: these keep the file's numbers."""
        nodes = self._network.nodes
        places: dict[str, Place] = dict.fromkeys([*self._ports, *self._ordered.paths])
        for path, node in self._network.of(Input):
            if node.channels_last:
                height, width, channels = node.port_shape
                places[path] = (channels, height, width)
        pinned = {self._origin(source) for path, _ in self._network.of(Output) for source in self._sources[path]}
        for path in self._ordered.paths:
            if path in pinned or not isinstance(nodes[path], Neurons):
                continue
            maps = [node.target_map for name in self._sources[path] if isinstance(node := nodes[name], Convolution)]
            readers = [path, *(line for line in self._targets[path] if isinstance(nodes[line], DelayLine))]
            read = [getattr(nodes[name], "source_map", None) for reader in readers for name in self._targets[reader]]
            shape = next(((m.channels, m.height, m.width) for m in [*maps, *read] if m is not None), None)
            places[path] = shape if shape is not None and shape[0] > 1 and shape[1] * shape[2] > 1 else None
        for path in self._ordered.paths:
            if isinstance(nodes[path], DelayLine):
                places[path] = places[self._origin(path)]
        return places

    def _origin(self, path: str) -> str:
        while isinstance(self._network.nodes[path], DelayLine):
            path = self._sources[path][0]
        return path

    def _source(self, name: str) -> str:
        """Where a projection's events come from: a line that adds nothing is looked through."""
        source = self._sources[name][0]
        return self._ordered.instead.get(source, source)

    def _given(self, name: str, limits: Mapping[str, Source]) -> Given:
        source = self._source(name)
        weights = self._network.nodes[name]
        assert isinstance(weights, Weighted)
        known = limits.get(source) or self._assumed(source)
        meet = reach(weights, self._size[source])
        return Given(source=source, weights=weights, limits=known, sum=min(known.max_sum, meet * known.max_value))

    def _assumed(self, source: str) -> Source:
        """What a population that is updated later may send: all that its consumers can take."""
        node = self._network.nodes[source]
        several = isinstance(node, Neurons) and node.choices.several
        most = self._most_spikes(source) if several else 1
        size = self._size[source]
        return Source(size=size, max_value=most, max_sum=size * most, negative=False)

    def _limits(self, path: str, count: int, limits: Mapping[str, Source]) -> Source:
        """What a population or line may send in a tick."""
        size = self._size[path]
        if not isinstance(self._network.nodes[path], DelayLine):
            return Source(size=size, max_value=count, max_sum=size * count, negative=False)
        source = limits.get(self._sources[path][0])
        negative = source.negative if source is not None else False
        same = len(np.unique(self._ordered.ticks[path])) == 1
        most = source.max_sum if source is not None and same else size * count
        return Source(size=size, max_value=count, max_sum=min(most, size * count), negative=negative)

    def _most_spikes(self, path: str) -> int:
        """Of a tick, that all consumers can take."""
        most = _MAX_COUNT
        for name in self._consumers(path):
            weights = self._network.nodes[name]
            assert isinstance(weights, Weighted)
            most = min(most, _MAX_SENT // reach(weights, self._size[path]))
        return max(1, most)

    def _consumers(self, path: str) -> list[str]:
        """Weights that a population feeds, through lines too."""
        found: list[str] = []
        for target in self._targets[path]:
            node = self._network.nodes[target]
            found += self._consumers(target) if isinstance(node, DelayLine) else []
            found += [target] if isinstance(node, Weighted) else []
        return found

    def _projections(self, quantised: Mapping[str, Quantised], index: Mapping[str, int], wish: str) -> list[Projection]:
        result: list[Projection] = []
        names = list(self._ports)
        for path, part in quantised.items():
            if part.population.kind is PopulationKind.DELAY:
                source = self._sources[path][0]
                result.append(
                    Projection(
                        name=f"{source} > {path}",
                        source=names.index(source) if source in names else index[source],
                        from_input=source in names,
                        target=index[path],
                        weights=None,
                        kind=ProjectionKind.FEED,
                    )
                )
            for name, whole in part.weights.items():
                source = self._source(name.removesuffix(REST))
                result.append(
                    projection(
                        whole,
                        name=f"{source} > {path}" + REST * name.endswith(REST),
                        source=names.index(source) if source in names else index[source],
                        from_input=source in names,
                        target=index[path],
                        places=(self._places[source], self._places[path]),
                        sizes=(self._size[source], self._size[path]),
                        bits=part.bits,
                        wish=wish,
                    )
                )
        return result

    def _report(self, part: Quantised, place: Place) -> dict[str, Any]:
        """With numbers for each neuron in the engine's order."""
        report = dict(part.report)
        if place is not None:
            channels, height, width = place
            for key, value in report.items():
                if isinstance(value, list):
                    report[key] = np.reshape(value, (channels, height * width)).T.reshape(-1).tolist()
            report["map"] = list(place)
        return report


def _compact(ticks: Any) -> Any:
    whole = ticks.astype(np.int32)
    return whole[:1].copy() if np.all(whole == whole[0]) else whole
