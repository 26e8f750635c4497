"""Records a part of one sample for pictures: spikes and potentials of some neurons, in integers and in float."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikelet.agreement import NeuronAgreement, unit_of
from spikelet.agreement_float import FloatSample
from spikelet.datasets import DataSet
from spikelet.errors import DataError
from spikelet.model import V_MAX, Model, PopulationKind
from spikelet.reference import Reference
from spikelet.runner import Variable
from spikelet.verify_runners import Sample

if TYPE_CHECKING:
    from spikelet.converters.graph import Network

__all__ = ["Chosen", "Record", "Recorded", "choose", "record"]

_Neurons = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Neurons of a population to draw: of the raster, and of the traces those that differ most and typical ones."""

    raster: _Neurons
    most: _Neurons
    typical: _Neurons


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One population: spikes, boolean, shape (ticks, raster), and potentials, shape (ticks, traces), of `chosen`.

    `apart` is the same as the spikes' difference, for the traces. `thresholds` has one number or None for each
    trace; `scaled` says whether potentials are in the network's units or integers.
    """

    chosen: Chosen
    spikes: npt.NDArray[np.bool_]
    real_spikes: npt.NDArray[np.bool_] | None
    v: Any
    real_v: Any
    apart: npt.NDArray[np.bool_] | None
    thresholds: tuple[float | None, ...]
    scaled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Some ticks of a sample: the first is `start`; the sample has `ticks`."""

    sample: int
    ticks: int
    start: int
    populations: Mapping[str, Recorded]


def choose(neurons: NeuronAgreement | None, size: int, *, rows: int, traces: int) -> Chosen:
    """Choose neurons: those that differ most, then others evenly.

    Args:
        neurons: sums of the comparison; None: there is none.
        size: of the population.
        rows: most neurons of the raster.
        traces: of each kind.
    """
    if neurons is None:
        spread = tuple(np.linspace(0, size - 1, min(size, rows)).astype(int).tolist())
        return Chosen(raster=spread, most=(), typical=spread[:: max(1, len(spread) // traces)][:traces])
    error = np.sqrt(neurons.v_square / np.maximum(neurons.v_cells, 1))
    worst = np.lexsort((-error, -neurons.unequal))
    most = list(dict.fromkeys([int(worst[0]), int(np.argmax(error)), *worst[1:traces].tolist()]))[:traces]
    lively = np.flatnonzero(neurons.counts_float + neurons.counts_integer > 0)
    lively = lively if len(lively) else np.arange(size)
    by_error = lively[np.argsort(error[lively], kind="stable")]
    half = len(by_error) // 2
    order = dict.fromkeys([*by_error[half:].tolist(), *by_error[:half].tolist(), *range(size)])
    middle = [neuron for neuron in order if neuron not in most]
    if size <= rows:
        raster = tuple(range(size))
    else:
        apart = [int(n) for n in worst[: rows // 2] if neurons.unequal[n]]
        even = lively[np.linspace(0, len(lively) - 1, min(rows - len(apart), len(lively))).astype(int)]
        raster = tuple(sorted({*apart, *even.tolist()}))
    return Chosen(raster=raster, most=tuple(most), typical=tuple(middle[:traces]))


def record(
    model: Model, network: Network | None, data: DataSet, index: int, *, chosen: Mapping[str, Chosen], ticks: range
) -> Record:
    """Run one sample again on the reference and the float network, and keep what was chosen of some ticks.

    Args:
        model, network: as for verify().
        data, index: the sample.
        chosen: what to keep, by population.
        ticks: which of the sample's ticks to keep.
    """
    keys = [(p.name, v) for p in model.populations if p.name in chosen for v in _recorded(p)]
    sample, reference = Sample(model, data, index, keys), Reference(model)
    beside = FloatSample(network, model) if network is not None else None
    if beside is not None:
        beside.start(sample.inputs, sample.ticks)
    kept: dict[tuple[str, str], list[Any]] = {}
    for piece in sample:
        found = sample.run(reference, piece)
        real = beside.run(len(piece)) if beside is not None else None
        first, last = max(ticks.start, piece.start) - piece.start, min(ticks.stop, piece.stop) - piece.start
        if first >= last:
            continue
        for name, own in chosen.items():
            traced = [*own.most, *own.typical]
            sides: dict[str, tuple[Any, Any]] = {
                "": (found.probes.get((name, Variable.EVENTS)), found.probes.get((name, Variable.V))),
                "real": (real.spikes.get(name), real.v.get(name)) if real is not None else (None, None),
            }
            for side, (z, v) in sides.items():
                if z is not None:
                    kept.setdefault((name, side + "z"), []).append(z[first:last, list(own.raster)])
                    kept.setdefault((name, side + "zt"), []).append(z[first:last, traced])
                if v is not None:
                    kept.setdefault((name, side + "v"), []).append(v[first:last, traced])
    joined = {key: np.concatenate(rows) for key, rows in kept.items()}
    populations = {
        population.name: _recording(model, i, chosen[population.name], joined, len(ticks))
        for i, population in enumerate(model.populations)
        if population.name in chosen
    }
    return Record(sample=index, ticks=sample.ticks, start=ticks.start, populations=populations)


def _recorded(population: Any) -> list[Variable]:
    has_v = population.kind is not PopulationKind.DELAY
    return [Variable.V] * has_v + [Variable.EVENTS] * population.choices.fires


def _recording(model: Model, index: int, chosen: Chosen, kept: Mapping[tuple[str, str], Any], ticks: int) -> Recorded:
    population = model.populations[index]
    name, traced = population.name, [*chosen.most, *chosen.typical]
    try:
        (unit, offset), scaled = unit_of(model, index), True
    except DataError:
        unit, offset, scaled = np.ones(1), np.zeros(1), False
    unit, offset = (np.broadcast_to(x, (population.size,))[traced] for x in (unit, offset))
    above = np.broadcast_to(population.parameters.get("fire_above", np.array([V_MAX])), (population.size,))
    v, z, real_z = kept.get((name, "v")), kept.get((name, "zt")), kept.get((name, "realzt"))
    rastered = kept.get((name, "z"), np.zeros((ticks, 0)))
    real_rastered = kept.get((name, "realz"))
    return Recorded(
        chosen=chosen,
        spikes=rastered != 0,
        real_spikes=None if real_rastered is None else real_rastered != 0,
        v=None if v is None else v * unit + offset,
        real_v=kept.get((name, "realv")),
        apart=None if z is None or real_z is None else z != real_z,
        thresholds=tuple(
            float(above[n] * u + o) if population.choices.fires and above[n] < V_MAX else None
            for n, u, o in zip(traced, unit, offset, strict=True)
        ),
        scaled=scaled,
    )
