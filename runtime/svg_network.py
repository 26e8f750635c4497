"""A model as a picture: ports, populations and projections, with event rates where data are at hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelet.datasets import DataSet
from spikelet.encoders import encode_tick
from spikelet.image import crc_of, encode
from spikelet.image_projections import write_projection
from spikelet.model import Encoder, InputPort, Model, OutputPort, Population, Projection, SparseWeights
from spikelet.report import kind_of, one_line
from spikelet.runner import Runner
from spikelet.svg import Svg
from spikelet.svg_graph import STYLE, GraphEdge, GraphNode, draw

__all__ = ["EventRates", "draw_network", "measure", "network_drawing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRates:
    """Events of a tick, the mean over a data set: of input ports and populations, in order."""

    data: str
    samples: int
    inputs: tuple[float, ...]
    populations: tuple[float, ...]


def measure(runner: Runner, data: DataSet, *, progress: Callable[[int], object] = lambda _: None) -> EventRates:
    """Run all samples and count events.

    Args:
        runner: runs the model that `data` was loaded for.
        data: samples; at least one.
        progress: called with 1 after each sample.
    """
    model, ticks = runner.model, 0
    inputs = np.zeros(len(model.inputs), np.int64)
    populations = np.zeros(len(model.populations), np.int64)
    for index in range(len(data)):
        given, length = data.inputs(index), data.ticks_of(index)
        ticks += length
        inputs += [_count(port, given[port.name], length) for port in model.inputs]
        populations += [stats.events for stats in runner.run(given, length).stats]
        progress(1)
    return EventRates(
        data=data.name,
        samples=len(data),
        inputs=tuple((inputs / ticks).tolist()),
        populations=tuple((populations / ticks).tolist()),
    )


def _count(port: InputPort, sample: Any, ticks: int) -> int:
    """Events that an input port gives in a sample."""
    if port.encoder is Encoder.EVENTS:
        return len(sample)
    frame = np.asarray(sample).reshape(-1)
    return sum(
        int(np.count_nonzero(encode_tick(port, frame, tick=t, sample_tick=t, window=ticks))) for t in range(ticks)
    )


def draw_network(model: Model, *, title: str, rates: EventRates | None = None) -> str:
    """Draw a model as an SVG file; see network_drawing."""
    return network_drawing(model, title=title, rates=rates).file(STYLE) + "\n"


def network_drawing(model: Model, *, title: str, rates: EventRates | None = None) -> Svg:
    """Draw a model; the same model gives the same bytes.

    Args:
        model: to draw.
        title: such as the file's name; stands above the picture.
        rates: of its events; None: the picture has none.

    Raises:
        ModelError: the model breaks a rule.
    """
    first = len(model.inputs)
    shapes = _shapes(model)
    nodes = [_input(port) for port in model.inputs]
    nodes += [_population(p, shapes.get(i), rates, i) for i, p in enumerate(model.populations)]
    nodes += [_output(port) for port in model.outputs]
    most = max([*rates.inputs, *rates.populations, 1e-9]) if rates is not None else 1.0
    edges = [_projection(p, first, model, rates, most) for p in model.projections]
    edges += [
        GraphEdge(source=first + port.population, target=first + len(model.populations) + i)
        for i, port in enumerate(model.outputs)
    ]
    image = encode(model)
    head = [f"{title}: {_sizes(model)}, image {len(image):,} bytes, CRC-32 {crc_of(image):08x}"]
    if rates is not None:
        head.append(f"Event rates: {rates.samples} samples of {rates.data} on the host engine")
    return draw(nodes, edges, title=title, head=head)


def _sizes(model: Model) -> str:
    """Sizes in a chain while that is short."""
    chain = one_line(model)
    if len(chain) <= 40:
        return chain
    return f"{len(model.populations)} populations, {sum(p.size for p in model.populations):,} neurons"


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def _shapes(model: Model) -> Mapping[int, tuple[int, ...]]:
    """Maps of populations that convolutions lead to or leave: channels, height, width."""
    found: dict[int, tuple[int, ...]] = {}
    for p in model.projections:
        if p.source_map is not None and not p.from_input:
            found[p.source] = (p.source_map.channels, p.source_map.height, p.source_map.width)
        if p.target_map is not None:
            found[p.target] = (p.target_map.channels, p.target_map.height, p.target_map.width)
    return found


def _input(port: InputPort) -> GraphNode:
    shape = _times(port.shape) + f" = {port.size}" if len(port.shape) > 1 else str(port.size)
    made = "takes events" if port.encoder is Encoder.EVENTS else f"{port.encoder.name.lower()} encoder"
    return GraphNode(name=port.name, lines=(f"input, {shape}", made), looks="input", tip=port.name)


def _population(
    population: Population, shape: tuple[int, ...] | None, rates: EventRates | None, index: int
) -> GraphNode:
    kind = _kind(population)
    size = f"{population.size:,}" if shape is None else f"{_times(shape)} = {population.size:,}"
    lines = [f"{size} {kind}"]
    lines += [_range("delay", population.parameters["delay"])] if "delay" in population.parameters else []
    looks = "delay" if "delay" in kind else ""
    rate = ""
    if rates is not None and population.choices.fires:
        rate = f"{_short(100 * rates.populations[index] / population.size)} % of neurons a tick"
    return GraphNode(name=population.name, lines=tuple(lines), rate=rate, looks=looks, tip=population.name)


def _kind(population: Population) -> str:
    """The usual name of the LIF family's kinds; others by the name of the kind."""
    name = population.kind.name
    return kind_of(population) if name == "LIF" else {"DELAY": "delay line"}.get(name, name.lower())


def _range(name: str, values: Any) -> str:
    least, most = int(np.min(values)), int(np.max(values))
    return f"{name} {least} ticks" if least == most else f"{name} {least} to {most} ticks"


def _output(port: OutputPort) -> GraphNode:
    lines = [f"output, {port.kind.name.lower()}", f"decoder {port.decoder.name.lower()}"]
    if port.labels:
        lines.append(f"{len(port.labels)} labels")
    return GraphNode(name=port.name, lines=tuple(lines), looks="output", tip=port.name)


def _projection(p: Projection, first: int, model: Model, rates: EventRates | None, most: float) -> GraphEdge:
    events = None if rates is None else (rates.inputs if p.from_input else rates.populations)[p.source]
    lines = [_what(p)]
    if p.weights is not None:
        lines.append(f"{p.weights.size:,} weights of {p.bits} bits, {_bytes(p):,} B")
    if p.delays is not None:
        lines.append(_range("late by", p.delays))
    name = (model.inputs if p.from_input else model.populations)[p.source].name
    return GraphEdge(
        source=p.source if p.from_input else first + p.source,
        target=first + p.target,
        lines=tuple(lines),
        rate="" if events is None else f"{_short(events)} events a tick",
        back=not p.from_input and p.source >= p.target,
        late=p.delays is not None,
        thick=0.0 if events is None else math.log1p(events) / math.log1p(most),
        tip=f"{p.name} ({name} to {model.populations[p.target].name})",
    )


def _what(p: Projection) -> str:
    """Kind, shape, and what is not usual about it."""
    parts = [p.kind.name.lower()]
    image = p.target_map
    if p.weights is not None and not isinstance(p.weights, SparseWeights):
        parts.append(_times(p.weights.shape))
    if image is not None:
        said = {"stride": image.stride, "pad": image.pad, "dilation": image.dilation}
        usual = {"stride": (1, 1), "pad": (0, 0), "dilation": (1, 1)}
        parts += [f"{name} {_pair(pair)}" for name, pair in said.items() if pair != usual[name]]
        parts += [f"{image.groups} groups"] if image.groups > 1 else []
    if p.source_map is not None and p.source_map.pool != (1, 1):
        parts.append(f"pool {_pair(p.source_map.pool)}")
    return parts[0] + (" " if len(parts) > 1 else "") + ", ".join(parts[1:])


def _pair(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]} × {pair[1]}"


def _bytes(p: Projection) -> int:
    """What an image holds of it besides its record: weights, map, delays."""
    sizes: list[int] = []

    def add(content: bytes) -> int:
        sizes.append(len(content))
        return 0

    write_projection(p, add)
    return sum(sizes)


def _short(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
