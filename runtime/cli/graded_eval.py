"""`spikelet eval` of int8 networks."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from spikelet.cli.confusion import class_name, print_confusion
from spikelet.cli.graded_options import get_graded_data
from spikelet.cli.screen import Rows, counted, number, percent, print_json, progress, say, table
from spikelet.graded.data import GradedDataSet
from spikelet.graded.data_shapes import Choices
from spikelet.graded.evaluate import GradedEvaluation, Task, evaluate
from spikelet.graded.model import GradedModel
from spikelet.runners import is_board, open_graded

__all__ = ["run_graded_eval"]

#: Samples without labels that are listed one by one; samples on which skipped work is counted.
_LISTED, _COUNTED = 20, 100


def run_graded_eval(
    model: GradedModel,
    data: Path,
    *,
    where: str,
    samples: int,
    choices: Choices | None,
    task: str,
    top: int,
    keep_state: bool,
    compiler: str,
    as_json: bool,
) -> None:
    """Run a data set, and print what came of it.

    Args:
        model: the network.
        data: file or folder.
        where: to run.
        samples: the first so many; 0: all.
        choices: what is done with data that do not fit as they are.
        task: "auto", "classes" or "reconstruction".
        top: how many of the largest outputs a label may be among, beside the first; 0: up to 5 where there are more.
        keep_state: a network with variables goes on from sample to sample.
        compiler: for an emulated board's firmware.
        as_json: print JSON.
    """
    found = get_graded_data(data, model, choices, samples)
    with open_graded(where, model, compiler=compiler) as runner, progress(f"on {where}", len(found)) as step:
        result = evaluate(
            runner,
            found,
            task=None if task == "auto" else Task(task),
            keep_state=keep_state,
            zeros=0 if is_board(where) else _COUNTED,
            progress=step,
        )
    labels = model.outputs[0].labels or found.classes
    k = top or (5 if result.n_classes > 5 else 0)
    if as_json:
        print_json(_data(where, found, result, labels, k))
        return
    if result.task is Task.CLASSES:
        _print_classes(where, found, result, labels, k)
    else:
        _print_errors(where, found, result)
    for note in found.notes():
        say(f"note: {note}")
    _print_work(result, len(found))


def _print_classes(where: str, data: GradedDataSet, result: GradedEvaluation, labels: Any, k: int) -> None:
    n = len(data)
    if result.labels is None:
        say(f"{data.name} on {where}: {counted(n, 'sample')} without labels")
        if n <= _LISTED:
            rows: Rows = [
                (index, class_name(int(p), labels), f"{c:.4g}")
                for index, (p, c) in enumerate(zip(result.predictions, result.confidence, strict=True))
            ]
            table("", ("#sample", "prediction", "#output"), rows)
        else:
            counts = np.bincount(result.predictions, minlength=result.n_classes)
            order = np.argsort(-counts, kind="stable")[:_LISTED]
            table("", ("prediction", "#samples"), [(class_name(int(i), labels), int(counts[i])) for i in order])
        return
    more = f", {percent(result.top(k))} among the first {k}" if k else ""
    say(f"{data.name} on {where}: {percent(result.accuracy)} right ({result.correct} of {n}){more}")
    print_confusion(result.confusion, labels)


def _print_errors(where: str, data: GradedDataSet, result: GradedEvaluation) -> None:
    n = len(data)
    say(f"{data.name} on {where}: {counted(n, 'sample')}, mean squared error {result.errors.mean():.5g}")
    groups = [("all", np.full(n, True))] if result.labels is None else []
    for label in [] if result.labels is None else np.unique(result.labels).tolist():
        groups.append((f"label {label}", result.labels == label))
    rows: Rows = [
        (name, number(len(own)), *(f"{f(own):.5g}" for f in (np.mean, np.min, np.median, np.max)))
        for name, chosen in groups
        for own in [result.errors[chosen]]
    ]
    columns = ("mean squared error", "#samples", "#mean", "#least", "#median", "#largest")
    table("", columns, rows)
    if not math.isnan(result.auc):
        say(f"area under the ROC curve: {result.auc:.4f} (label 1 is told from 0 by a larger error)")


def _print_work(result: GradedEvaluation, samples: int) -> None:
    if not math.isnan(result.skipped):
        part = f" (in {_COUNTED} samples)" if samples > _COUNTED else ""
        say(f"{number(result.macs)} multiply-accumulates an inference")
        say(f"{percent(result.skipped, 1)} of them are skipped: their input is zero{part}")
    more = f", {number(result.inferences)} inferences" if result.inferences != samples else ""
    say(f"{number(result.seconds, 2)} s, {number(1000 * result.seconds / samples, 3)} ms a sample{more}")


def _data(where: str, data: GradedDataSet, result: GradedEvaluation, labels: Any, k: int) -> dict[str, Any]:
    """The result for machines; what does not belong to the task is left out, what is not known is null."""
    found: dict[str, Any] = {"on": where, "task": result.task.value, "samples": len(data), "notes": data.notes()}
    if result.task is Task.CLASSES:
        found |= {
            "classes": [class_name(index, labels) for index in range(result.n_classes)],
            "correct": result.correct if len(result.ranks) else None,
            "accuracy": _known(result.accuracy),
            "top": {str(k): _known(result.top(k))} if k else {},
            "confusion": result.confusion.tolist() if len(result.ranks) else None,
            "predictions": result.predictions.tolist(),
            "outputs": [round(float(value), 6) for value in result.confidence],
        }
    else:
        found |= {
            "mean_squared_error": float(result.errors.mean()),
            "auc": _known(result.auc),
            "errors": result.errors.tolist(),
        }
    return found | {
        "inferences": result.inferences,
        "macs": result.macs,
        "skipped": _known(result.skipped),
        "seconds": round(result.seconds, 4),
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
