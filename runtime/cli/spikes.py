"""Spiking modes of .tflite files on the command line: `convert --spikes` and `eval --early-exit`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np

from spikelet.cli.graded_options import option
from spikelet.cli.screen import Rows, number, percent, print_json, say, table
from spikelet.converters.tflite.file import Tensor, TfliteFile
from spikelet.datasets import DataSet
from spikelet.early_exit import KEY, Row, margin_of, trace, with_gap, without_gap
from spikelet.early_exit import table as rows_of
from spikelet.errors import ConvertError
from spikelet.evaluate import Evaluation
from spikelet.graded.data import load, load_real
from spikelet.graded.data_shapes import Choices
from spikelet.graded.model import GradedModel, GradedPort, GradedTensor, TensorType
from spikelet.model import Model
from spikelet.runner import Runner

__all__ = [
    "convert_spiking",
    "early_exit_option",
    "early_exit_rows",
    "ending",
    "ending_data",
    "print_early_exit",
    "print_ending",
    "say_exit",
    "spikes_options",
    "take_exit",
    "take_spikes",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_OPTIONS = (
    click.option("--spikes", is_flag=True, help="Of a .tflite file: rates of spikes stand for its values."),
    click.option("--ticks", type=click.IntRange(min=1), help="With --spikes: window of a sample [ticks] (32)."),
    click.option("--burst", type=click.IntRange(min=1), help="With --spikes: most spikes of a neuron in a tick (1)."),
)
_EXIT_OPTIONS = (
    click.option(
        "--early-exit",
        help="End samples whose best two outputs differ by more than this; auto: chosen on --calibration.",
    ),
    click.option("--exit-loss", type=float, help="Points of accuracy that an early exit by auto may lose (0.1)."),
)
#: Conversion options that hold for spikes too.
_KNOWN = ("labels", "calibration", "scale", "input_scale", "early_exit", "exit_loss")


def spikes_options(function: _Function) -> _Function:
    """Options of `convert`; see take_spikes and take_exit."""
    for one in reversed((*_OPTIONS, *_EXIT_OPTIONS)):
        function = one(function)
    return function


def take_exit(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options for early exits out of the others, as keywords of a conversion.

    Raises:
        UsageError: the margin is no number.
    """
    said, loss = options.pop("early_exit"), options.pop("exit_loss")
    given: dict[str, Any] = {} if loss is None else {"exit_loss": loss}
    if said is not None:
        given["early_exit"] = said if said == "auto" else _margin(said)
    return given


def _margin(said: str) -> int:
    if not said.isdecimal():
        raise click.UsageError(f"--early-exit {said}: give auto, or a whole number of units of the scores")
    return int(said)


def take_spikes(options: dict[str, Any]) -> dict[str, Any] | None:
    """Take the options for spikes out of the others; None: --spikes was not given.

    Raises:
        UsageError: one of the others was given without it.
    """
    wanted = options.pop("spikes")
    given = {name: options.pop(name) for name in ("ticks", "burst")}
    given = {name: value for name, value in given.items() if value is not None}
    if given and not wanted:
        raise click.UsageError(f"{', '.join(map(option, given))} are for --spikes: add it, or leave them out")
    return given if wanted else None


def convert_spiking(path: Path, given: dict[str, Any], choices: Choices | None, spikes: dict[str, Any]) -> Model:
    """Convert a .tflite file to a spiking network.

    Args:
        path: the file.
        given: conversion options that were given.
        choices: of calibration data.
        spikes: from take_spikes.

    Raises:
        UsageError: an option that says nothing here.
        ConvertError: the file is refused, or there are no calibration data.
        DataError: calibration data cannot be used.
    """
    from spikelet.converters.tflite.reader import read_tflite
    from spikelet.converters.tflite.spikes import convert_spikes

    other = [option(name) for name in given if name not in _KNOWN]
    if other:
        raise click.UsageError(f"{', '.join(other)} say nothing with --spikes: leave them out")
    if "calibration" not in given:
        raise ConvertError(
            path.name,
            "calibration",
            found="none",
            allowed="data of the kind that the network will get",
            hint="How large a spike is is chosen on data: --calibration DATA.npz, some hundred training samples.",
        )
    file = read_tflite(path)
    samples, classes = _calibration(file, given["calibration"], choices)
    return convert_spikes(
        file,
        calibration=samples,
        calibration_labels=classes,
        labels=tuple(given["labels"].split(",")) if "labels" in given else (),
        **{name: given[name] for name in ("scale", "input_scale", "early_exit", "exit_loss") if name in given},
        **spikes,
    )


def _calibration(file: TfliteFile, path: Path, choices: Choices | None) -> tuple[Any, Any]:
    """Samples in the numbers of the file's input, and their labels, None where there are none."""
    graph = file.subgraphs[0]
    entry = graph.tensors[graph.inputs[0]]
    if entry.quantisation is None:
        samples, labels = load_real(path, {entry.name: entry.shape}, choices=choices)
        return samples[0], labels
    data = load(path, _taker(entry), choices=choices)
    return np.concatenate([data.inputs(index)[0][0] for index in range(len(data))]), data.labels


def _taker(entry: Tensor) -> GradedModel:
    """A network of nothing but the file's input, for which data are read."""
    assert entry.quantisation is not None
    tensor = GradedTensor(
        name=entry.name,
        shape=entry.shape,
        type=TensorType.INT8,
        at=0,
        scale=float(entry.quantisation.scale[0]),
        zero_point=int(entry.quantisation.zero_point[0]),
    )
    port = GradedPort(name=entry.name, tensor=0)
    return GradedModel(tensors=(tensor,), layers=(), inputs=(port,), outputs=(port,), memory=0)


def say_exit(model: Model) -> None:
    """Print by which margin samples end, and what it took on calibration data."""
    known: Mapping[str, Any] = model.meta.get(KEY, {})
    if model.outputs[0].gap and known.get("margin") != margin_of(model):
        say(f"samples end when the best two scores differ by more than {number(margin_of(model))}")
        return
    if not known:
        return
    ends = "" if model.outputs[0].gap else " (with --early-exit auto)"
    say(
        f"early exits by a margin of {number(known['margin'])}{ends} take {known['ticks']:.2f} of"
        f" {model.ticks_per_sample} ticks on {known['samples']} calibration samples, with {percent(known['accuracy'])}"
        f" {'right' if known['labels'] else 'as after the last tick'}"
    )


def early_exit_option(function: _Function) -> _Function:
    """Option of `run`, `eval` and `emulate`; see ending."""
    return click.option(
        "--early-exit",
        help="End samples whose best two outputs differ by more than this; auto: by the margin that the model was"
        " converted with; off: run all ticks. Default: as the image says.",
    )(function)


def ending(model: Model, said: str | None) -> Model:
    """The model that ends its samples as was said.

    Raises:
        UsageError: the margin is no number.
        DataError, ModelError: the model has no margin, no scores, or no window.
    """
    if said is None:
        return model
    if said == "off":
        return without_gap(model)
    return with_gap(model, margin_of(model) if said == "auto" else _margin(said))


def print_ending(whole: Evaluation, found: Evaluation, *, instructions: tuple[float, float] | None, what: str) -> None:
    """Print what early ends saved, against all ticks.

    Args:
        whole: all ticks of all samples.
        found: the same samples, which ended early.
        instructions: of a sample, whole and ended early; None: nobody counted.
        what: how they were counted.
    """
    rows: Rows = []
    for name, result, counted in (("all ticks", whole, 0), ("early exits", found, 1)):
        right = "-" if result.labels is None else percent(result.accuracy)
        synops = float(result.synops.sum(axis=1).mean())
        row = (name, number(float(result.ticks.mean()), 2), right, number(synops, 1))
        rows.append((*row, number(instructions[counted], 0)) if instructions else row)
    columns = ("", "#ticks", "#right", "#synaptic operations")
    table("A sample in the mean", (*columns, *((f"#instructions ({what})",) if instructions else ())), rows)
    same = float(np.mean(whole.predictions == found.predictions))
    saved = f", {percent(1 - instructions[1] / instructions[0])} of the instructions" if instructions else ""
    ticks = 1 - float(found.ticks.sum()) / float(whole.ticks.sum())
    say(f"{percent(ticks)} of the ticks are saved{saved}; {percent(same)} of the predictions are those of all ticks")


def ending_data(whole: Evaluation, found: Evaluation, instructions: tuple[float, float] | None) -> dict[str, Any]:
    """The same for machines."""
    return {
        "ticks_per_sample": round(float(found.ticks.mean()), 4),
        "whole": {
            "ticks_per_sample": round(float(whole.ticks.mean()), 4),
            "accuracy": whole.accuracy if whole.labels is not None else None,
            "synops_per_sample": round(float(whole.synops.sum(axis=1).mean()), 4),
        },
        "predictions_equal": float(np.mean(whole.predictions == found.predictions)),
        **({"instructions": {"whole": instructions[0], "early": instructions[1]}} if instructions else {}),
    }


def early_exit_rows(
    runner: Runner, data: DataSet, said: str, *, ticks: int, step: Callable[[int], object]
) -> list[Row]:
    """Run all samples: accuracy against ticks and synaptic operations; the last row stops samples early.

    Raises:
        UsageError: the margin is no number.
        DataError: the model has no margin, or no scores.
    """
    margin = margin_of(runner.model) if said == "auto" else _margin(said)
    return rows_of(trace(runner, data, ticks=ticks, progress=step), [margin])


def print_early_exit(rows: list[Row], data: DataSet, *, where: str, as_json: bool) -> None:
    """Print what early_exit_rows found."""
    if as_json:
        print_json({"on": where, "samples": len(data), "rows": [_data(row) for row in rows]})
        return
    lines: Rows = [
        (
            "all samples" if row.margin is None else f"early exit, margin {number(row.margin)}",
            number(row.ticks, 0 if row.margin is None else 2),
            percent(row.accuracy),
            number(row.spikes, 1),
            number(row.synops, 1),
        )
        for row in rows
    ]
    columns = ("", "#ticks", "#right", "#spikes a sample", "#synaptic operations")
    table(f"{data.name} on {where}, {len(data)} samples", columns, lines)


def _data(row: Row) -> dict[str, Any]:
    """A line for machines."""
    return {
        "margin": row.margin,
        "ticks": round(row.ticks, 4),
        "accuracy": row.accuracy,
        "spikes_per_sample": round(row.spikes, 4),
        "synops_per_sample": round(row.synops, 4),
    }
