"""Runs a data set and counts: accuracy, spikes, synaptic operations."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikelet.datasets import DataSet
from spikelet.errors import DataError
from spikelet.model import Decoder, Model
from spikelet.runner import PopulationStats, Runner

__all__ = ["Evaluation", "Progress", "evaluate"]

#: Called with the number of samples that are done.
Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a data set gave on a runner.

    `predictions` is int64, shape (samples,); `counts` int64, shape (samples, outputs), are the
    spikes of the first output; `spikes` and `synops` are int64, shape (samples, populations).
    `seconds` is what the runs took, on a board with the line.
    """

    predictions: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64] | None
    spikes: npt.NDArray[np.int64]
    synops: npt.NDArray[np.int64]
    seconds: float

    @property
    def accuracy(self) -> float:
        """Part of the predictions that equal the label; nan without labels."""
        return float(np.mean(self.predictions == self.labels)) if self.labels is not None else float("nan")

    @property
    def correct(self) -> int:
        """Predictions that equal the label."""
        return int(np.sum(self.predictions == self.labels)) if self.labels is not None else 0


def evaluate(runner: Runner, data: DataSet, *, progress: Progress = lambda _: None) -> Evaluation:
    """Run all samples, each from the initial state.

    Args:
        runner: runs the model that `data` was loaded for.
        data: samples, with labels for an accuracy.
        progress: called with 1 after each sample.

    Raises:
        DataError: the model's first output has no decoder, or a label is no output neuron.
    """
    model = runner.model
    _check(model, data)
    predictions, counts, spikes, synops = [], [], [], []
    start = time.perf_counter()
    for index in range(len(data)):
        result = runner.run(data.inputs(index), data.ticks_of(index))
        predictions.append(result.prediction)
        counts.append(result.counts)
        spikes.append(_column(result.stats, "events"))
        synops.append(_column(result.stats, "synops"))
        progress(1)
    return Evaluation(
        predictions=np.array(predictions, np.int64),
        counts=np.array(counts, np.int64),
        labels=data.labels,
        spikes=np.array(spikes, np.int64),
        synops=np.array(synops, np.int64),
        seconds=time.perf_counter() - start,
    )


def _column(stats: Sequence[PopulationStats], name: str) -> list[int]:
    return [int(getattr(entry, name)) for entry in stats]


def _check(model: Model, data: DataSet) -> None:
    port = model.outputs[0]
    if port.decoder is Decoder.NONE:
        raise DataError(f"output {port.name!r} has no decoder, so it predicts nothing: convert with --decoder count")
    size = model.populations[port.population].size
    if data.labels is not None and len(data.labels) and int(data.labels.max()) >= size:
        raise DataError(f"{data.name}: there is a label {data.labels.max()}; the output has {size} neurons, 0 to {size - 1}")
