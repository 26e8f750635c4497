"""Runs the same data on the float network, the integer reference, the host and boards, and compares layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikelet.datasets import DataSet
from spikelet.errors import DataError
from spikelet.events import to_dense
from spikelet.model import Encoder, Int32Array, Model, Population
from spikelet.reference import Reference
from spikelet.runner import Result, Runner, Variable

if TYPE_CHECKING:
    from spikelet.converters.floating import Trace
    from spikelet.converters.graph import Network

__all__ = ["Comparison", "Difference", "LayerAgreement", "Verification", "float_predictions", "variables", "verify"]

_Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first place where a runner leaves the reference: sample, tick, then layer in order of update."""

    sample: int
    tick: int
    population: str
    variable: str
    neuron: int
    expected: int
    found: int

    def __str__(self) -> str:
        return (
            f"sample {self.sample}, tick {self.tick}, population {self.population!r}, neuron {self.neuron}:"
            f" {self.variable} is {self.found}, the reference has {self.expected}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerAgreement:
    """How near the integer reference is to the float network in one population.

    `spikes_equal` is the part of all (sample, tick, neuron) cells with equal counts, `counts_equal` the
    part of (sample, neuron) sums; both are 1 for populations that do not fire. `v_error` is the root
    mean square of the difference of potentials in the network's units. `first` is (sample, tick,
    neuron) of the first unequal spike count, or None.
    """

    population: str
    fires: bool
    spikes_float: int
    spikes_integer: int
    spikes_equal: float
    counts_equal: float
    v_error: float
    first: tuple[int, int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A runner against the integer reference: every state word of every tick.

    `words[population]` is how many numbers were compared, `unequal[population]` how many differ.
    """

    runner: str
    words: Mapping[str, int]
    unequal: Mapping[str, int]
    first: Difference | None
    predictions: npt.NDArray[np.int64]

    @property
    def identical(self) -> bool:
        """Whether nothing differs."""
        return self.first is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Everything that was compared. `float_predictions` is None without a float network."""

    samples: int
    ticks: int
    layers: tuple[LayerAgreement, ...]
    comparisons: tuple[Comparison, ...]
    float_predictions: npt.NDArray[np.int64] | None
    predictions: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64] | None

    @property
    def identical(self) -> bool:
        """Whether all runners equal the reference."""
        return all(comparison.identical for comparison in self.comparisons)


def variables(population: Population) -> list[Variable]:
    """The variables that a population has, spikes last."""
    choices = population.choices
    there = {
        Variable.V: True,
        Variable.U: choices.has_u,
        Variable.A: choices.has_a,
        Variable.R: choices.has_refractory,
        Variable.EVENTS: choices.fires,
    }
    return [variable for variable, has in there.items() if has]


def verify(
    model: Model,
    data: DataSet,
    runners: Mapping[str, Runner],
    *,
    network: Network | None = None,
    progress: _Progress = lambda _: None,
) -> Verification:
    """Run samples everywhere and compare.

    Args:
        model: the integer model.
        data: samples; a few dozen tell as much as thousands.
        runners: what to compare with the reference, by name; they run `model`.
        network: the lowered float network (`spikelet.converters.lower`); None: leave it out.
        progress: called with 1 after each sample on each runner, the reference included.

    Raises:
        DataError: samples differ in length, which a float comparison cannot have.
    """
    keys = [(p.name, variable) for p in model.populations for variable in variables(p)]
    reference = Reference(model)
    expected = list(_results(reference, data, keys, progress))
    comparisons = []
    for name, runner in runners.items():
        compared = _Compared(name, model)
        for index, found in enumerate(_results(runner, data, keys, progress)):
            compared.add(index, expected[index], found)
        comparisons.append(compared.result())
    layers: tuple[LayerAgreement, ...] = ()
    predicted = None
    if network is not None:
        trace = _float(network, model, data)
        layers = tuple(_layer(index, model, trace, expected) for index in range(len(model.populations)))
        predicted = _predictions(trace, model)
    return Verification(
        samples=len(data),
        ticks=sum(data.ticks_of(index) for index in range(len(data))),
        layers=layers,
        comparisons=tuple(comparisons),
        float_predictions=predicted,
        predictions=np.array([result.prediction for result in expected], np.int64),
        labels=data.labels,
    )


def float_predictions(network: Network, model: Model, data: DataSet) -> npt.NDArray[np.int64]:
    """What the float network predicts, by the decoder of the model's first output; int64, shape (samples,).

    Raises:
        DataError: samples differ in length.
    """
    return _predictions(_float(network, model, data), model)


def _results(
    runner: Runner, data: DataSet, keys: Sequence[tuple[str, Variable]], progress: _Progress
) -> Iterator[Result]:
    for index in range(len(data)):
        yield runner.run(data.inputs(index), data.ticks_of(index), probe=keys)
        progress(1)


class _Compared:
    """Compares a runner sample by sample; keeps sums and the first difference only."""

    def __init__(self, name: str, model: Model) -> None:
        self._name = name
        self._order = {p.name: i for i, p in enumerate(model.populations)}
        self._words = dict.fromkeys(self._order, 0)
        self._unequal = dict.fromkeys(self._order, 0)
        self._first: Difference | None = None
        self._predictions: list[int] = []

    def add(self, sample: int, expected: Result, found: Result) -> None:
        """Compare one sample."""
        self._predictions.append(found.prediction)
        candidates = []
        for (population, variable), wanted in expected.probes.items():
            got = found.probes[population, variable]
            wrong = np.argwhere(wanted != got)
            self._words[population] += wanted.size
            self._unequal[population] += len(wrong)
            if len(wrong):
                tick, neuron = (int(x) for x in wrong[0])
                values = (int(wanted[tick, neuron]), int(got[tick, neuron]))
                candidates.append((tick, self._order[population], int(variable), neuron, population, values))
        candidates += self._outputs(expected, found)
        if candidates and self._first is None:
            tick, _, variable_number, neuron, population, (want, have) = min(candidates)
            name = "score" if variable_number < 0 else Variable(variable_number).name.lower()
            self._first = Difference(
                sample=sample, tick=tick, population=population, variable=name, neuron=neuron, expected=want, found=have
            )

    def _outputs(self, expected: Result, found: Result) -> Iterator[tuple[int, int, int, int, str, tuple[int, int]]]:
        """Scores and events of the ports, which come after everything else."""
        for name, wanted in expected.outputs.items():
            got = found.outputs[name]
            rows = ((wanted.scores, got.scores), (wanted.counts, got.counts))
            wrong = [(int(np.argmax(a != b)), a, b) for a, b in rows if a.shape == b.shape and np.any(a != b)]
            if not wrong and not np.array_equal(wanted.events, got.events):
                wrong = [(0, np.array([len(wanted.events)]), np.array([len(got.events)]))]
            for neuron, a, b in wrong[:1]:
                yield 2**31, len(self._order), -1, neuron, name, (int(a[neuron]), int(b[neuron]))

    def result(self) -> Comparison:
        """The whole comparison."""
        return Comparison(
            runner=self._name,
            words=self._words,
            unequal=self._unequal,
            first=self._first,
            predictions=np.array(self._predictions, np.int64),
        )


def _float(network: Network, model: Model, data: DataSet) -> Trace:
    """Run the float network on all samples side by side."""
    from spikelet.converters.floating import Floating

    return Floating(network).run(_inputs(model, data))


def _inputs(model: Model, data: DataSet) -> dict[str, npt.NDArray[np.float64]]:
    """Values of every tick by input, shape (samples, ticks, size)."""
    from spikelet.converters.encoding import encode

    lengths = {data.ticks_of(index) for index in range(len(data))}
    if len(lengths) > 1:
        raise DataError(
            f"samples last {min(lengths)} to {max(lengths)} ticks; a float network needs one length: --ticks N"
        )
    ticks = lengths.pop()
    result = {}
    for port in model.inputs:
        samples: Any = [data.inputs(index)[port.name] for index in range(len(data))]
        if port.encoder is Encoder.EVENTS:
            dense: Any = np.stack([to_dense(events, ticks, port.size) for events in samples])
        else:
            dense = encode(port, np.stack(samples), ticks)
        result[port.name] = dense.astype(np.float64)
    return result


def _layer(index: int, model: Model, trace: Trace, expected: Sequence[Result]) -> LayerAgreement:
    population = model.populations[index]
    name, fires = population.name, population.choices.fires
    record = model.meta["populations"][index]
    unit = np.asarray(record["scale"], np.float64) / 2**population.frac
    v = np.stack([result.probes[name, Variable.V] for result in expected]) * unit + np.asarray(record.get("offset", 0))
    error = float(np.sqrt(np.mean((v - trace.v[name]) ** 2)))
    empty: Int32Array = np.zeros((1, 1, 1), np.int32)
    z = np.stack([result.probes[name, Variable.EVENTS] for result in expected]) if fires else empty
    real = trace.spikes[name] if fires else empty
    wrong = np.argwhere(z != real)
    first = (int(wrong[0][0]), int(wrong[0][1]), int(wrong[0][2])) if len(wrong) else None
    return LayerAgreement(
        population=name,
        fires=fires,
        spikes_float=int(real.sum()),
        spikes_integer=int(z.sum()),
        spikes_equal=float(np.mean(z == real)),
        counts_equal=float(np.mean(z.sum(axis=1) == real.sum(axis=1))),
        v_error=error,
        first=first,
    )


def _predictions(trace: Trace, model: Model) -> npt.NDArray[np.int64]:
    """What the float network predicts, by the decoder of the first output."""
    from spikelet.model import Decoder

    port = model.outputs[0]
    name = model.populations[port.population].name
    v, ticks = trace.v[name], trace.v[name].shape[1]
    if port.decoder is Decoder.LAST:
        scores = v[:, -1]
    elif port.decoder is Decoder.LARGEST:
        scores = v.max(axis=1)
    elif port.decoder is Decoder.FIRST:
        fired = trace.spikes[name] > 0
        scores = np.where(fired.any(axis=1), ticks - np.argmax(fired, axis=1), 0)
    elif port.decoder is Decoder.COUNT:
        scores = trace.spikes[name].sum(axis=1)
    else:
        return np.full(len(v), -1, np.int64)
    predicted: npt.NDArray[np.int64] = np.argmax(scores, axis=1).astype(np.int64)
    return predicted
