"""`spikelet run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from spikelet.arrays import read_one
from spikelet.cli.graded_options import graded_data_options, refuse_ticks, take_choices, without_choices
from spikelet.cli.options import (
    board_options,
    conversion_options,
    get_data,
    get_model,
    host_encoding,
    model_argument,
    on_option,
    recording_options,
    take_reading,
)
from spikelet.cli.screen import Rows, json_option, number, print_json, say, table
from spikelet.cli.spikes import early_exit_option, ending
from spikelet.datasets import MAX_TICKS, Reading
from spikelet.errors import DataError, SpikeletError
from spikelet.graded.model import GradedModel
from spikelet.model import Model
from spikelet.runner import Result
from spikelet.runners import open_runner

__all__ = ["command"]


@click.command("run")
@model_argument
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--sample", type=click.IntRange(min=0), default=0, show_default=True, help="Which sample of a data set.")
@click.option(
    "--ticks", type=click.IntRange(min=0, max=MAX_TICKS), default=0, help="How long (the window, or all events)."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the outputs to an .npz file.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@early_exit_option
@on_option
@graded_data_options
@recording_options
@board_options
@conversion_options
@json_option
def command(
    *,
    model: Path,
    data: Path,
    sample: int,
    ticks: int,
    output: Path | None,
    early_exit: str | None,
    where: str,
    compiler: str,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Run one sample through MODEL (.spkl, or .nir or .tflite with conversion options) and print what comes out.

    DATA is a data set (.npz), or an .npy file with a frame, or with counts of shape (ticks, neurons), or a
    recording of an event camera; for an int8 network a data set, an .npy file with an input, or an image.
    """
    if output is not None and output.exists() and not force:
        raise SpikeletError(f"{output} exists: choose another name, or say --force to replace it")
    if output is not None and not output.parent.is_dir():
        raise SpikeletError(f"there is no folder {output.parent}: make it first, or write elsewhere (-o)")
    reading, choices = take_reading(options), take_choices(options)
    encode = host_encoding(model, options)
    loaded = get_model(model, options, reading, choices)
    if isinstance(loaded, GradedModel):
        refuse_ticks(ticks, reading)
        if early_exit is not None:
            raise click.UsageError("--early-exit is for spiking networks, and the model is an int8 one: leave it out")
        from spikelet.cli.graded_run import run_graded

        run_graded(
            loaded,
            data,
            sample=sample,
            where=where,
            choices=choices,
            output=output,
            compiler=compiler,
            as_json=as_json,
        )
        return
    without_choices(choices)
    loaded = ending(loaded, early_exit)
    if 0 < loaded.ticks_per_sample < ticks:
        raise click.UsageError(f"a sample of this model lasts {loaded.ticks_per_sample} ticks: --ticks up to this")
    inputs, length = _inputs(data, loaded, sample=sample, ticks=ticks, encode=encode, reading=reading)
    with open_runner(where, loaded, compiler=compiler) as runner:
        result = runner.run(inputs, length)
    if output is not None:
        with output.open("wb") as stream:
            events: dict[str, Any] = {name: out.events for name, out in result.outputs.items()}
            np.savez_compressed(stream, **events)
    if as_json:
        print_json(_data(loaded, result))
    else:
        _print(loaded, result)
        if any(port.gap for port in loaded.outputs):
            say(f"{number(result.ticks)} of {number(loaded.ticks_per_sample)} ticks until it was decided")


def _inputs(
    data: Path, model: Model, *, sample: int, ticks: int, encode: str | None, reading: Reading | None
) -> tuple[Any, int | None]:
    """What Runner.run takes, and how many ticks."""
    if data.suffix == ".npy":
        length = ticks or model.ticks_per_sample
        if not length and model.inputs[0].encoder.name != "EVENTS":
            raise DataError("the model has no window of its own: say how many ticks a frame lasts (--ticks N)")
        return read_one(data), length or None
    found = get_data(data, model, samples=0, ticks=ticks, encode=encode, reading=reading)
    if sample >= len(found):
        raise DataError(f"{data} has {len(found)} samples, numbered from 0: there is no sample {sample}")
    return found.inputs(sample), found.ticks_of(sample)


def _print(model: Model, result: Result) -> None:
    for port in model.outputs:
        out = result.outputs[port.name]
        labels = port.labels or tuple(str(i) for i in range(len(out.scores)))
        if out.prediction >= 0:
            say(f"output {port.name!r}: prediction {labels[out.prediction]}")
            order = np.argsort(-out.scores, kind="stable")[:10]
            rows: Rows = [(labels[i], number(int(out.scores[i])), number(int(out.counts[i]))) for i in order]
            table("", ("neuron", "#score", "#spikes"), rows)
        else:
            say(f"output {port.name!r}: {len(out.events)} events")
    rows = [
        (p.name, number(s.events), number(s.synops), number(s.quiet_ticks))
        for p, s in zip(model.populations, result.stats, strict=True)
    ]
    table("", ("population", "#events", "#synaptic operations", "#quiescent ticks"), rows)


def _data(model: Model, result: Result) -> dict[str, Any]:
    """The result for machines."""
    return {
        "outputs": {
            name: {
                "prediction": out.prediction,
                "scores": out.scores.tolist(),
                "counts": out.counts.tolist(),
                "events": [[int(e["tick"]), int(e["neuron"]), int(e["value"])] for e in out.events],
            }
            for name, out in result.outputs.items()
        },
        "ticks": result.ticks,
        "populations": {
            p.name: {"events": s.events, "synops": s.synops, "quiet_ticks": s.quiet_ticks}
            for p, s in zip(model.populations, result.stats, strict=True)
        },
    }
