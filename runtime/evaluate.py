"""Runs a data set and counts: accuracy, spikes, synaptic operations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from spikelet.datasets import DataSet
from spikelet.errors import DataError
from spikelet.model import Decoder, Model
from spikelet.runner import Runner
from spikelet.samples import EventSamples, SampleResult

__all__ = ["Evaluation", "Progress", "evaluate"]

#: Called with the number of samples that are done.
Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a data set gave on a runner.

    `predictions` is int64, shape (samples,); `counts` int64, shape (samples, outputs), are the
    spikes of the first output; `spikes` and `synops` are int64, shape (samples, populations);
    `ticks` int64, shape (samples,), is how many ticks of each sample were done.
    `seconds` is what the runs took, on a board with the line.
    """

    predictions: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64] | None
    spikes: npt.NDArray[np.int64]
    synops: npt.NDArray[np.int64]
    seconds: float
    ticks: npt.NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Part of the predictions that equal the label; nan without labels."""
        return float(np.mean(self.predictions == self.labels)) if self.labels is not None else float("nan")

    @property
    def correct(self) -> int:
        """Predictions that equal the label."""
        return int(np.sum(self.predictions == self.labels)) if self.labels is not None else 0


def evaluate(runner: Runner, data: DataSet, *, early: bool = True, progress: Progress = lambda _: None) -> Evaluation:
    """Run all samples, each from the initial state.

    Args:
        runner: runs the model that `data` was loaded for.
        data: samples, with labels for an accuracy.
        early: let samples of a model with a gap end early (semantics 5.1); False: run all ticks.
        progress: called with 1 after each sample.

    Raises:
        DataError: the model's first output has no decoder, or a label is no output neuron.
    """
    _check(runner.model, data)
    start = time.perf_counter()
    rows: list[_Row] = []
    run = _many(runner, data, early) if isinstance(runner, _RunsMany) else _one_by_one(runner, data, early)
    for row in run:
        rows.append(row)
        progress(1)
    seconds = time.perf_counter() - start
    predictions, counts, spikes, synops, ticks = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return Evaluation(
        predictions=predictions,
        counts=counts,
        labels=data.labels,
        spikes=spikes,
        synops=synops,
        seconds=seconds,
        ticks=ticks,
    )


#: Prediction, counts of the first output, events and synaptic operations of each population, ticks.
_Row = tuple[Any, Any, Any, Any, Any]
_CHUNK = 64


@runtime_checkable
class _RunsMany(Protocol):
    """A runner that takes many samples in one call: the host's engine."""

    def run_samples(self, inputs: Any, ticks: Any = None, *, early: bool = True) -> SampleResult:
        """See Engine."""


def _many(runner: _RunsMany, data: DataSet, early: bool) -> Iterator[_Row]:
    for first in range(0, len(data), _CHUNK):
        chosen = range(first, min(first + _CHUNK, len(data)))
        inputs = {name: _stacked([part[i] for i in chosen]) for name, part in data.parts.items()}
        ticks = np.array([data.ticks_of(i) for i in chosen])
        found = runner.run_samples(inputs, ticks, early=early)
        yield from zip(found.predictions, found.counts, found.events, found.synops, found.ticks, strict=True)


def _stacked(samples: list[Any]) -> Any:
    """Frames of many samples as one array, events as EventSamples."""
    return np.stack(samples) if samples[0].dtype == np.uint8 else EventSamples.of(samples)


def _one_by_one(runner: Runner, data: DataSet, early: bool) -> Iterator[_Row]:
    for index in range(len(data)):
        result = runner.run(data.inputs(index), data.ticks_of(index), early=early)
        events, synops = ([getattr(entry, name) for entry in result.stats] for name in ("events", "synops"))
        yield result.prediction, result.counts, events, synops, result.ticks


def _check(model: Model, data: DataSet) -> None:
    port = model.outputs[0]
    if port.decoder is Decoder.NONE:
        raise DataError(f"output {port.name!r} has no decoder, so it predicts nothing: convert with --decoder count")
    size = model.populations[port.population].size
    if data.labels is not None and len(data.labels) and int(data.labels.max()) >= size:
        raise DataError(
            f"{data.name}: there is a label {data.labels.max()}; the output has {size} neurons, 0 to {size - 1}"
        )
