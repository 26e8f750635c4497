"""`spikelet eval`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from spikelet.cli.graded_options import (
    graded_data_options,
    refuse_ticks,
    take_choices,
    take_keep_state,
    without_choices,
)
from spikelet.cli.options import (
    board_options,
    conversion_options,
    data_options,
    get_data,
    get_model,
    host_encoding,
    model_argument,
    on_option,
    recording_options,
    take_reading,
)
from spikelet.cli.screen import Rows, json_option, number, percent, print_json, progress, say, table
from spikelet.cli.spikes import early_exit_option, early_exit_rows, ending_data, print_early_exit, print_ending
from spikelet.datasets import DataSet
from spikelet.early_exit import without_gap
from spikelet.errors import BoardError
from spikelet.evaluate import Evaluation, evaluate
from spikelet.graded.model import GradedModel
from spikelet.model import Model
from spikelet.runners import open_runner

__all__ = ["command"]


@click.command("eval")
@model_argument
@click.argument("data", type=click.Path(path_type=Path))
@on_option
@data_options
@early_exit_option
@click.option("--board", help="With early exits: tell the instructions that they save, modelled for this board.")
@click.option(
    "--task",
    type=click.Choice(["auto", "classes", "reconstruction"]),
    default="auto",
    show_default=True,
    help="Of int8 networks: what outputs are; auto: reconstruction where there are as many as inputs.",
)
@click.option(
    "--top", type=click.IntRange(min=0), default=0, help="Of int8 networks: labels among the first N outputs, too (5)."
)
@graded_data_options
@recording_options
@board_options
@conversion_options
@json_option
def command(
    *,
    model: Path,
    data: Path,
    where: str,
    samples: int,
    ticks: int,
    early_exit: str | None,
    board: str | None,
    task: str,
    top: int,
    compiler: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Run the samples of DATA through MODEL (.spkl, or .nir or .tflite with conversion options): accuracy and work.

    DATA is an .npz file with frames x and labels y, or events sample, tick, neuron (and value) and labels; or a
    folder of recordings, a sub-folder a class. For an image that takes events, --encoder and --ticks have the host
    make events of frames.

    With --early-exit and a margin, or auto, a table tells what samples would say after 1, 2, 4 ... ticks.

    For an int8 network DATA is an .npz file with x and y (FILE:NAME takes another array than x), or images: one, a
    folder, or a folder with a sub-folder a class. Accuracy and confusions are printed, of an auto-encoder errors.
    """
    reading, choices = take_reading(options), take_choices(options)
    keep_state = take_keep_state(model, options)
    encode = host_encoding(model, options)
    loaded = get_model(model, options, reading, choices)
    if isinstance(loaded, GradedModel):
        if early_exit is not None or board is not None:
            raise click.UsageError(
                "--early-exit and --board are for spiking networks, and the model is an int8 one: leave them out"
            )
        refuse_ticks(ticks, reading)
        from spikelet.cli.graded_eval import run_graded_eval

        run_graded_eval(
            loaded,
            data,
            where=where,
            samples=samples,
            choices=choices,
            task=task,
            top=top,
            keep_state=keep_state,
            compiler=compiler,
            as_json=as_json,
        )
        return
    without_choices(choices)
    found = get_data(data, loaded, samples=samples, ticks=ticks, labelled=True, encode=encode, reading=reading)
    listed = early_exit is not None and early_exit != "off"
    if early_exit == "off":
        loaded = without_gap(loaded)
    ends = bool(loaded.outputs[0].gap) and not listed
    if board is not None and not ends:
        raise click.UsageError(
            "--board tells what early exits save, and samples of this model do not end early: convert with"
            " --early-exit auto, or leave --board out"
        )
    with open_runner(where, loaded, compiler=compiler) as runner, progress(f"on {where}", len(found)) as step:
        if listed:
            stopped = early_exit_rows(runner, found, str(early_exit), ticks=ticks, step=step)
        else:
            result = evaluate(runner, found, progress=step)
    if listed:
        print_early_exit(stopped, found, where=where, as_json=as_json)
        return
    saved = _saved(loaded, found, result, board, compiler) if ends else None
    if as_json:
        print_json(_data(where, loaded, result) | ({"early_exit": ending_data(*saved)} if saved else {}))
        return
    say(f"{data.name} on {where}: {percent(result.accuracy)} right ({result.correct} of {len(found)})")
    rows: Rows = [
        (p.name, p.size, number(s.mean(), 1), number(s.max()), number(o.mean(), 1), number(o.max()))
        for p, s, o in zip(loaded.populations, result.spikes.T, result.synops.T, strict=True)
    ]
    sums = result.spikes.sum(axis=1), result.synops.sum(axis=1)
    rows.append(("all", "", *(f(x) for x in sums for f in (_mean, _most))))
    columns = ("population", "#neurons", "#spikes a sample", "#most", "#synaptic operations", "#most")
    table("", columns, rows)
    if saved:
        whole, _, instructions = saved
        print_ending(whole, result, instructions=instructions, what=str(board))
    say(f"{number(result.seconds, 2)} s, {number(1000 * result.seconds / len(found), 3)} ms a sample")


def _saved(
    model: Model, data: DataSet, result: Evaluation, board: str | None, compiler: str
) -> tuple[Evaluation, Evaluation, tuple[float, float] | None]:
    """All ticks of the same samples on the host, what was found, and instructions of both on a board."""
    with open_runner("host", model) as runner:
        whole = evaluate(runner, data, early=False)
    if board is None:
        return whole, result, None
    from spikelet.budget_samples import sample_instructions

    with progress(f"instructions on {board}", 2 * len(data)) as step:
        counted = [
            sample_instructions(model, board, data, ticks=of.ticks, compiler=compiler, progress=step)
            for of in (whole, result)
        ]
    if counted[0] is None or counted[1] is None:
        raise BoardError(f"nobody has counted what a tick costs on {board}'s core: choose another board")
    return whole, result, (counted[0], counted[1])


def _mean(values: Any) -> str:
    return number(float(values.mean()), 1)


def _most(values: Any) -> str:
    return number(int(values.max()))


def _data(where: str, model: Model, result: Evaluation) -> dict[str, Any]:
    """The result for machines."""
    populations = {
        p.name: {"spikes": round(float(s.mean()), 4), "synops": round(float(o.mean()), 4)}
        for p, s, o in zip(model.populations, result.spikes.T, result.synops.T, strict=True)
    }
    return {
        "on": where,
        "samples": len(result.predictions),
        "correct": result.correct,
        "accuracy": result.accuracy,
        "spikes_per_sample": round(float(result.spikes.sum(axis=1).mean()), 4),
        "synops_per_sample": round(float(result.synops.sum(axis=1).mean()), 4),
        "populations": populations,
        "seconds": round(result.seconds, 4),
        "predictions": np.asarray(result.predictions).tolist(),
    }
