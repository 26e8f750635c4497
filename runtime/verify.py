"""Runs the same data on the float network, the integer reference, the host and boards, and compares layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spikelet.agreement import LayerAgreement, LayerSums, NeuronAgreement
from spikelet.agreement_activity import ActivitySums, InputActivity, InputSums, PopulationActivity
from spikelet.agreement_advice import Advice, advise
from spikelet.agreement_float import FloatChunk, FloatSample, float_predictions
from spikelet.datasets import DataSet
from spikelet.model import Model, Population
from spikelet.reference import Reference
from spikelet.runner import Result, Runner, Variable
from spikelet.verify_runners import Compared, Comparison, Difference, Sample, variables

if TYPE_CHECKING:
    from spikelet.converters.graph import Network

__all__ = [
    "Comparison",
    "Difference",
    "LayerAgreement",
    "Verification",
    "float_predictions",
    "variables",
    "verify",
]

_Progress = Callable[[int], object]
_Probes = Mapping[tuple[str, Variable], npt.NDArray[np.int32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Everything that was compared. Without a float network `layers` is empty and `float_predictions` None.

    `activities` are of all populations and `inputs` of all ports of the integer reference. `neurons` has
    the sums for each neuron behind `layers`, by population. `unequal_of_sample`, shape (samples,), is how many
    spike counts differ from the float network in each sample, and `first_of_sample` in which tick the first does;
    -1: none.
    """

    samples: int
    ticks: int
    layers: tuple[LayerAgreement, ...]
    activities: tuple[PopulationActivity, ...]
    inputs: tuple[InputActivity, ...]
    advice: tuple[Advice, ...]
    comparisons: tuple[Comparison, ...]
    float_predictions: npt.NDArray[np.int64] | None
    predictions: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64] | None
    neurons: Mapping[str, NeuronAgreement]
    unequal_of_sample: npt.NDArray[np.int64]
    first_of_sample: npt.NDArray[np.int64]

    @property
    def identical(self) -> bool:
        """Whether all runners equal the reference."""
        return all(comparison.identical for comparison in self.comparisons)


def verify(
    model: Model,
    data: DataSet,
    runners: Mapping[str, Runner],
    *,
    network: Network | None = None,
    progress: _Progress = lambda _: None,
) -> Verification:
    """Run samples everywhere and compare; what is kept does not grow with the ticks.

    Args:
        model: the integer model.
        data: samples; a few dozen tell as much as thousands.
        runners: what to compare with the reference, by name; they run `model`.
        network: the lowered float network (`spikelet.converters.lower`); None: leave it out.
        progress: called with 1 after each sample on each runner, the reference included.

    Raises:
        DataError: the model does not say what its integers stand for in the float network.
    """
    keys = [key for p in model.populations for key in _keys(p, everything=bool(runners))]
    reference = Reference(model)
    compared = {name: Compared(name, model) for name in runners}
    beside = FloatSample(network, model) if network is not None else None
    sums = _Sums(model, network, beside)
    for index in range(len(data)):
        sample = Sample(model, data, index, keys)
        sums.start(sample)
        for ticks in sample:
            expected = sample.run(reference, ticks)
            for name, runner in runners.items():
                found = sample.run(runner, ticks)
                compared[name].add(index, ticks.start, expected, found)
                if ticks.stop == sample.ticks:
                    compared[name].finish(found)
            sums.add(index, expected, beside.run(len(ticks)) if beside is not None else None)
        sums.finish(expected)
        progress(1 + len(runners))
    activities, inputs = sums.activities(), sums.inputs()
    layers = tuple(layer.result() for layer in sums.layers.values())
    return Verification(
        samples=len(data),
        ticks=sum(data.ticks_of(index) for index in range(len(data))),
        layers=layers,
        activities=activities,
        inputs=inputs,
        advice=advise(model, inputs, activities, layers),
        comparisons=tuple(one.result() for one in compared.values()),
        float_predictions=None if beside is None else np.array(sums.float_predictions, np.int64),
        predictions=np.array(sums.predictions, np.int64),
        labels=data.labels,
        neurons={name: layer.neurons() for name, layer in sums.layers.items()},
        unequal_of_sample=np.array(sums.unequal, np.int64),
        first_of_sample=np.array(sums.firsts, np.int64),
    )


def _keys(population: Population, *, everything: bool) -> Sequence[tuple[str, Variable]]:
    """What is recorded: all, or without runners to compare only what the float network and limits need."""
    needed = (Variable.V, Variable.U, Variable.EVENTS)
    return [(population.name, v) for v in variables(population) if everything or v in needed]


class _Sums:
    """What is added up over samples."""

    def __init__(self, model: Model, network: Network | None, beside: FloatSample | None) -> None:
        self._beside = beside
        self._ports = [InputSums(port) for port in model.inputs]
        self._activities = {p.name: ActivitySums(p) for p in model.populations}
        self.layers: dict[str, LayerSums] = {}
        if network is not None and beside is not None:
            self.layers = {
                p.name: LayerSums(model, index, network)
                for index, p in enumerate(model.populations)
                if p.name in beside.populations
            }
        self.predictions: list[int] = []
        self.float_predictions: list[int] = []
        self.unequal: list[int] = []
        self.firsts: list[int] = []

    def start(self, sample: Sample) -> None:
        """Begin a sample."""
        for port in self._ports:
            port.add(sample.inputs)
        for layer in self.layers.values():
            layer.start()
        if self._beside is not None:
            self._beside.start(sample.inputs, sample.ticks)

    def add(self, sample: int, expected: Result, real: FloatChunk | None) -> None:
        """Take some ticks of the reference and of the float network."""
        probes: _Probes = expected.probes
        for name, activity in self._activities.items():
            v, u, z = (probes.get((name, one)) for one in (Variable.V, Variable.U, Variable.EVENTS))
            activity.add(v, u, z)
            if real is not None and name in self.layers:
                self.layers[name].add(sample, v, real.v.get(name), z, real.spikes.get(name))

    def finish(self, expected: Result) -> None:
        """End a sample."""
        self.predictions.append(expected.prediction)
        self.unequal.append(sum(layer.unequal_of_sample for layer in self.layers.values()))
        firsts = [layer.first_of_sample for layer in self.layers.values() if layer.first_of_sample is not None]
        self.firsts.append(min(firsts, default=-1))
        for layer in self.layers.values():
            layer.finish()
        if self._beside is not None:
            self.float_predictions.append(self._beside.prediction)

    def activities(self) -> tuple[PopulationActivity, ...]:
        """Of all populations."""
        return tuple(one.result() for one in self._activities.values())

    def inputs(self) -> tuple[InputActivity, ...]:
        """Of all ports."""
        return tuple(port.result() for port in self._ports)
