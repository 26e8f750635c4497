"""Runs one sample on several runners side by side, some ticks at a time, and compares every word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.agreement_float import between
from spikelet.datasets import DataSet
from spikelet.model import Encoder, Model, Population, PopulationKind
from spikelet.runner import Result, Runner, Variable

__all__ = ["Compared", "Comparison", "Difference", "Sample", "variables"]

#: Numbers that one runner gives at once.
_AT_ONCE = 2**19


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


def variables(population: Population) -> list[Variable]:
    """The variables that a population has, spikes last."""
    choices = population.choices
    there = {
        Variable.V: population.kind is PopulationKind.LIF,
        Variable.U: choices.has_u,
        Variable.A: choices.has_a,
        Variable.R: choices.has_refractory,
        Variable.EVENTS: choices.fires,
    }
    return [variable for variable, has in there.items() if has]


class Sample:
    """One sample of a data set, cut into runs of ticks whose records fit into little memory."""

    def __init__(self, model: Model, data: DataSet, index: int, keys: Sequence[tuple[str, Variable]]) -> None:
        self._model, self._keys = model, keys
        self.inputs, self.ticks = data.inputs(index), data.ticks_of(index)
        sizes = {population.name: population.size for population in model.populations}
        self._step = max(1, _AT_ONCE // max(1, sum(sizes[name] for name, _ in keys)))

    def __iter__(self) -> Iterator[range]:
        """The ticks of each piece."""
        return (range(start, min(start + self._step, self.ticks)) for start in range(0, self.ticks, self._step))

    def run(self, runner: Runner, ticks: range) -> Result:
        """Run the piece that comes next on a runner; the first begins from the initial state."""
        inputs: dict[str, Any] = {}
        for port in self._model.inputs:
            if port.encoder is Encoder.EVENTS:
                inputs[port.name] = between(self.inputs[port.name], ticks.start, ticks.stop)
            elif ticks.start == 0:
                inputs[port.name] = self.inputs[port.name]
        return runner.run(inputs, len(ticks), reset=ticks.start == 0, early=False, probe=self._keys)


class Compared:
    """Compares a runner with the reference; keeps sums and the first difference only."""

    def __init__(self, name: str, model: Model) -> None:
        self._name = name
        self._order = {p.name: i for i, p in enumerate(model.populations)}
        self._words = dict.fromkeys(self._order, 0)
        self._unequal = dict.fromkeys(self._order, 0)
        self._first: Difference | None = None
        self._predictions: list[int] = []

    def add(self, sample: int, start: int, expected: Result, found: Result) -> None:
        """Compare some ticks of a sample, of which `start` is the first."""
        candidates = []
        for (population, variable), wanted in expected.probes.items():
            got = found.probes[population, variable]
            wrong = wanted != got
            self._words[population] += wanted.size
            self._unequal[population] += int(np.count_nonzero(wrong))
            if wrong.any():
                tick, neuron = divmod(int(np.argmax(wrong)), wanted.shape[1])
                values = (int(wanted[tick, neuron]), int(got[tick, neuron]))
                candidates.append((start + tick, self._order[population], int(variable), neuron, population, values))
        candidates += self._outputs(expected, found)
        if candidates and self._first is None:
            tick, _, variable_number, neuron, population, (want, have) = min(candidates)
            name = "score" if variable_number < 0 else Variable(variable_number).name.lower()
            self._first = Difference(
                sample=sample, tick=tick, population=population, variable=name, neuron=neuron, expected=want, found=have
            )

    def finish(self, found: Result) -> None:
        """End a sample with what its last ticks gave."""
        self._predictions.append(found.prediction)

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
