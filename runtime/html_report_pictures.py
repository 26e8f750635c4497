"""Sections of the page of a verification that are pictures: rasters, potentials, rates, weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spikelet.agreement_record import Record, Recorded, choose, record
from spikelet.agreement_weights import WeightPair, weights_of
from spikelet.datasets import DataSet
from spikelet.html_report_parts import Html, drawn, join, tag
from spikelet.model import Model, Population
from spikelet.report import kind_of
from spikelet.svg import short
from spikelet.svg_plots import Raster, Trace, histogram, raster, rates, trace
from spikelet.verify import Verification, verify

if TYPE_CHECKING:
    from spikelet.converters.graph import Network

__all__ = ["layer_pictures", "weight_pictures"]

#: What keeps the page small: populations, neurons of a raster, spikes of all rasters, ticks, projections.
_POPULATIONS, _ROWS, _SPIKES, _TICKS, _PROJECTIONS, _DOTS = 24, 96, 24_000, 400, 24, 400


def layer_pictures(
    result: Verification, model: Model, network: Network | None, data: DataSet, sample: int | None
) -> Html:
    """Rasters, potentials and rates of each population, from one sample.

    Args:
        result: of verify().
        model, network, data: what it was called with.
        sample: which to draw; None: the one with most spikes apart.
    """
    index = int(np.argmax(result.unequal_of_sample)) if sample is None else sample
    alone = _alone(model, network, data, index)
    length = data.ticks_of(index)
    first = int(result.first_of_sample[index])
    start = min(max(first - _TICKS // 5, 0), max(length - _TICKS, 0))
    names = _drawn(result, model)
    traces = 2 if len(names) <= 12 else 1
    sizes = {population.name: population.size for population in model.populations}
    chosen = {
        name: choose(alone.neurons.get(name), sizes[name], rows=_ROWS, traces=traces) for name in sizes if name in names
    }
    found = record(model, network, data, index, chosen=chosen, ticks=range(start, min(start + _TICKS, length)))
    why = "the one in which most spikes differ" if sample is None and result.unequal_of_sample.any() else "as chosen"
    made = [tag("p", _said(found, why, network is not None))]
    if len(names) < len(sizes):
        made.append(
            tag("p", f"{len(names)} of {len(sizes)} populations are drawn: those that differ most.", cls="muted")
        )
    parts = [population for population in model.populations if population.name in chosen]
    made += [_population(part, found, result, _SPIKES // len(parts)) for part in parts]
    return join(made)


def _alone(model: Model, network: Network | None, data: DataSet, index: int) -> Verification:
    """The comparison of the one sample that is drawn: which of its neurons differ."""
    one = {port: [value] for port, value in data.inputs(index).items()}
    return verify(model, DataSet(name="", parts=one, labels=None, ticks=data.ticks_of(index)), {}, network=network)


def _drawn(result: Verification, model: Model) -> set[str]:
    """Populations to draw: all, or those that differ most, and the last."""
    names = [population.name for population in model.populations]
    if len(names) <= _POPULATIONS:
        return set(names)
    near = {layer.population: layer.spikes_equal for layer in result.layers}
    ordered = sorted(names, key=lambda name: near.get(name, 1.0))
    return {*ordered[: _POPULATIONS - 1], names[-1]}


def _said(found: Record, why: str, both: bool) -> str:
    shown = next(iter(found.populations.values()))
    ticks = len(shown.spikes) if shown.v is None else len(shown.v)
    window = "" if ticks == found.ticks else f", ticks {found.start} to {found.start + ticks - 1} of {found.ticks}"
    sides = (
        " In a raster, spikes of both sides have the colour of text; those that only the float network has are blue,"
        " those that only the integers have are orange. Red lines in a trace mark ticks in which only one side fired."
        if both
        else ""
    )
    return f"Sample {found.sample}, {why}{window}.{sides}"


def _population(part: Population, found: Record, result: Verification, most: int) -> Html:
    name, size = part.name, part.size
    own = found.populations[name]
    made = [tag("h3", name, tag("span", f" {size:,} neurons, {kind_of(part)}", cls="muted"))]
    if own.spikes.size:
        made.append(_raster(name, size, own, found, most))
    drawings = _traces(name, own, found)
    neurons = result.neurons.get(name)
    if neurons is not None and own.spikes.size:
        kept = np.linspace(0, size - 1, min(size, _DOTS)).astype(int)
        real, whole = neurons.counts_float[kept], neurons.counts_integer[kept]
        caption = "spikes of each neuron, all samples"
        if len(kept) < size:
            caption = f"spikes of {len(kept)} of {size:,} neurons"
        drawings.append(drawn(rates(real, whole, title=f"{name}: rates", caption=caption), cls="rates"))
    made.append(tag("div", *drawings, cls="layer"))
    return join(made)


def _raster(name: str, size: int, own: Recorded, found: Record, most: int) -> Html:
    keep = np.arange(own.spikes.shape[1])
    count = _most_spikes(own, keep)
    while count > most and len(keep) > 8:
        keep = keep[np.linspace(0, len(keep) - 1, max(8, int(len(keep) * most / count))).astype(int)]
        count = _most_spikes(own, keep)
    real = None if own.real_spikes is None else own.real_spikes[:, keep]
    neurons = [own.chosen.raster[n] for n in keep.tolist()]
    shown = Raster(real=real, whole=own.spikes[:, keep], neurons=neurons, start=found.start)
    said = ""
    if len(keep) < size:
        said = f"{len(keep)} of {size:,} neurons: those that differ most, and others that fire, evenly chosen"
    return drawn(raster(shown, title=f"{name}: spikes of sample {found.sample}"), said)


def _most_spikes(own: Recorded, keep: np.ndarray[tuple[int], np.dtype[np.intp]]) -> int:
    sides = [own.spikes, *([own.real_spikes] if own.real_spikes is not None else [])]
    return sum(int(np.count_nonzero(side[:, keep])) for side in sides)


def _traces(name: str, own: Recorded, found: Record) -> list[Html]:
    drawings = []
    if own.v is None:
        return []
    neurons = [*own.chosen.most, *own.chosen.typical]
    for position, neuron in enumerate(neurons):
        kind = "differs most" if position < len(own.chosen.most) else "typical"
        kind = kind if own.real_v is not None else "integers"
        apart = [] if own.apart is None else (np.flatnonzero(own.apart[:, position]) + found.start).tolist()
        made = Trace(
            real=None if own.real_v is None else own.real_v[:, position],
            whole=own.v[:, position],
            threshold=own.thresholds[position],
            start=found.start,
            apart=apart,
        )
        caption = f"{short(name, 24)}, neuron {neuron}, v: {kind}" + ("" if own.scaled else " (integer units)")
        drawings.append(drawn(trace(made, title=f"{name}: potential of neuron {neuron}", caption=caption)))
    return drawings


def weight_pictures(model: Model, network: Network | None) -> Html:
    """Histograms of weights before and after rounding."""
    pairs = weights_of(model, network)
    made = [tag("div", *(_histogram(pair) for pair in pairs[:_PROJECTIONS] if pair.whole.size), cls="figures")]
    if len(pairs) > _PROJECTIONS:
        made.append(tag("p", f"The first {_PROJECTIONS} of {len(pairs)} projections.", cls="muted"))
    return join(made)


def _histogram(pair: WeightPair) -> Html:
    real = pair.real if pair.real is not None and pair.real.size else None
    caption = f"{short(pair.name, 40)}: {pair.kind}, {pair.bits} bits, {pair.whole.size:,} weights"
    return drawn(histogram(real, pair.whole, title=f"{pair.name}: weights", caption=caption), _weights_said(pair))


def _weights_said(pair: WeightPair) -> str:
    parts: list[str] = []
    if pair.matched and pair.real is not None and pair.real.shape == pair.whole.shape:
        size = float(np.sqrt(np.mean(pair.real**2)))
        error = float(np.sqrt(np.mean((pair.whole - pair.real) ** 2)))
        parts.append(f"rounding error {100 * error / size:.2f} % (rms)" if size > 0 else "all weights are 0")
    parts.append(f"{100 * float(np.mean(pair.whole == 0)):.1f} % are 0")
    parts.append(f"{100 * pair.at_limit:.1f} % have the largest integer")
    return ", ".join(parts) + ("" if pair.scaled else "; in integer units")
