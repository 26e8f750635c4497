"""Runs a data set through a graded network and counts: accuracy, confusions, or errors of an auto-encoder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError
from spikelet.graded.data import GradedDataSet
from spikelet.graded.model import GradedModel
from spikelet.graded.report_macs import Zeros, macs
from spikelet.graded.runner import GradedRunner, IntArray, dequantised

__all__ = ["GradedEvaluation", "Task", "evaluate", "separation", "task_of"]

#: Called with the number of samples that are done.
Progress = Callable[[int], object]


class Task(Enum):
    """What outputs are: one number a class, or the inputs again (an auto-encoder)."""

    CLASSES = "classes"
    RECONSTRUCTION = "reconstruction"


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedEvaluation:
    """What a data set gave on a runner.

    Of classes: `predictions` is int64, shape (samples,), the largest output, the lowest of equals; with one output
    class 1 where it is above a half. `confidence` is what that output is in real numbers, float64; `ranks` is how
    many outputs come before the label's, int64, empty without labels.
    Of an auto-encoder: `errors` is float64, shape (samples,), the mean squared difference of output and input in
    real numbers. What does not belong to the task is empty.
    `skipped` is the part of the `macs` of an inference whose input is zero, nan: nobody counted. `seconds` is what
    the inferences took, on a board with the line.
    """

    task: Task
    labels: npt.NDArray[np.int64] | None
    n_classes: int
    predictions: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    ranks: npt.NDArray[np.int64]
    errors: npt.NDArray[np.float64]
    inferences: int
    macs: int
    skipped: float
    seconds: float

    @property
    def correct(self) -> int:
        """Predictions that equal the label."""
        return int(np.sum(self.predictions == self.labels)) if len(self.ranks) else 0

    @property
    def accuracy(self) -> float:
        """Part of the predictions that equal the label; nan without labels."""
        return self.correct / len(self.ranks) if len(self.ranks) else float("nan")

    def top(self, k: int) -> float:
        """Part of the samples whose label is among the k largest outputs; nan without labels."""
        return float(np.mean(self.ranks < k)) if len(self.ranks) else float("nan")

    @property
    def confusion(self) -> npt.NDArray[np.int64]:
        """Samples by label (row) and prediction (column), shape (n_classes, n_classes)."""
        found = np.zeros((self.n_classes, self.n_classes), np.int64)
        if self.labels is not None and len(self.ranks):
            np.add.at(found, (self.labels, self.predictions), 1)
        return found

    @property
    def auc(self) -> float:
        """How well errors tell label 1 from label 0: area under the ROC curve; nan unless both are there."""
        if self.labels is None or not len(self.errors) or set(self.labels.tolist()) != {0, 1}:
            return float("nan")
        return separation(self.errors, self.labels == 1)


def separation(scores: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_]) -> float:
    """The area under the ROC curve: how often a positive has a larger score than a negative, equal ones by half."""
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    _, same, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.bincount(same, ranks) / counts)[same]
    n = int(positive.sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(scores) - n)))


def task_of(model: GradedModel) -> Task:
    """An auto-encoder has one input, one output, and as many elements in both; others are classifiers."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        return Task.CLASSES
    given, made = (model.tensors[port.tensor] for port in (model.inputs[0], model.outputs[0]))
    return Task.RECONSTRUCTION if given.size == made.size > 1 else Task.CLASSES


def evaluate(
    runner: GradedRunner,
    data: GradedDataSet,
    *,
    task: Task | None = None,
    keep_state: bool = False,
    zeros: int = 0,
    progress: Progress = lambda _: None,
) -> GradedEvaluation:
    """Run all samples.

    Args:
        runner: runs the model that `data` was loaded for.
        data: samples, with labels for an accuracy.
        task: what outputs are; None: see task_of.
        keep_state: a network with variables goes on from sample to sample; else each begins anew.
        zeros: on how many samples to count multiply-accumulates that are skipped, which reads every layer's output;
            that takes a second inference, but of a network with variables, and is not part of `seconds`.
        progress: called with 1 after each sample.

    Raises:
        DataError: outputs are neither classes nor as large as inputs, or a label is no class.
    """
    model = runner.model
    task = task or task_of(model)
    n_classes = _check(model, data, task)
    counter = Zeros(model)
    predictions, confidence, ranks, errors = [], [], [], []
    seconds, inferences = 0.0, 0
    for index in range(len(data)):
        steps, counting = data.inputs(index), index < zeros
        start = time.perf_counter()
        if model.variables and not keep_state:
            runner.reset()
            counter.reset()
        for inputs in steps:
            output = _counted(runner, counter, inputs) if counting and model.variables else runner.infer(*inputs)[0]
        seconds += time.perf_counter() - start
        inferences += len(steps)
        if counting and not model.variables:
            _counted(runner, counter, steps[0])
        real = dequantised(output, model.tensors[model.outputs[0].tensor]).astype(np.float64)
        if task is Task.RECONSTRUCTION:
            errors.append(float(np.mean((real.reshape(-1) - data.real(index)[0][-1].reshape(-1)) ** 2)))
        else:
            scores = _scores(output.reshape(-1), real.reshape(-1))
            best = int(np.argmax(scores))
            predictions.append(best)
            confidence.append(float(real.reshape(-1)[best]) if n_classes == output.size else float(scores[best]))
            if data.labels is not None:
                ranks.append(int(np.argsort(-scores, kind="stable").tolist().index(data.labels[index])))
        progress(1)
    return GradedEvaluation(
        task=task,
        labels=data.labels,
        n_classes=n_classes,
        predictions=np.array(predictions, np.int64),
        confidence=np.array(confidence, np.float64),
        ranks=np.array(ranks, np.int64),
        errors=np.array(errors, np.float64),
        inferences=inferences,
        macs=sum(macs(layer) for layer in model.layers),
        skipped=counter.share if counter.inferences else float("nan"),
        seconds=seconds,
    )


def _counted(runner: GradedRunner, counter: Zeros, inputs: tuple[IntArray, ...]) -> IntArray:
    """An inference with its zeros counted; returns the first output."""
    counter.begin(inputs)
    for index, values in runner.layers(*inputs):
        counter.add(index, values)
    return counter.value(runner.model.outputs[0].tensor)


def _scores(output: IntArray, real: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A number a class; of one output, which is class 1's, two."""
    if output.size == 1:
        return np.array([1 - real[0], real[0]])
    return output.astype(np.float64)


def _check(model: GradedModel, data: GradedDataSet, task: Task) -> int:
    """The number of classes, 0 of an auto-encoder."""
    port = model.outputs[0]
    tensor = model.tensors[port.tensor]
    if task is Task.RECONSTRUCTION:
        given = model.tensors[model.inputs[0].tensor]
        if tensor.size != given.size:
            raise DataError(
                f"output {port.name!r} has {tensor.size} elements, the input {given.size}: this is no auto-encoder"
            )
        return 0
    if max(tensor.shape, default=1) != tensor.size:
        raise DataError(
            f"output {port.name!r} has shape {tensor.shape}; a number a class is needed, or an output as large as the"
            " input (an auto-encoder): spikelet run prints or writes such outputs"
        )
    classes = max(tensor.size, 2)
    if data.labels is not None and len(data.labels) and int(data.labels.max()) >= classes:
        raise DataError(f"{data.name}: there is a label {data.labels.max()}; the network has {classes} classes from 0")
    return classes
