"""`spikelet verify`."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.core import ParameterSource

from spikelet.agreement_data import data_of, predictions_of
from spikelet.cli.graded_options import graded_data_options, refuse_ticks, take_choices, without_choices
from spikelet.cli.options import (
    board_options,
    conversion_options,
    get_data,
    get_model,
    host_encoding,
    is_network,
    model_argument,
    recording_options,
    take_reading,
)
from spikelet.cli.screen import Rows, json_option, number, percent, print_json, progress, say, table
from spikelet.graded.model import GradedModel
from spikelet.html_report import Report, page
from spikelet.original import original
from spikelet.runner import Runner
from spikelet.runners import WHERE, open_runner
from spikelet.svg_file import require_free, write_text
from spikelet.verify import Verification, verify

__all__ = ["command"]


@click.command("verify")
@model_argument
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--on", "where", multiple=True, default=("host",), show_default=True, help=f"Where, several times: {WHERE}."
)
@click.option("--network", type=click.Path(path_type=Path), help="The file that the image MODEL was made from.")
@click.option("--samples", type=click.IntRange(min=1), default=20, show_default=True, help="The first N samples.")
@click.option(
    "--ticks", type=click.IntRange(min=0), default=0, help="Length of a sample, where the model has no window."
)
@graded_data_options
@recording_options
@click.option("--report", type=click.Path(path_type=Path), help="Write a page (.html) with tables and pictures.")
@click.option("--sample", type=click.IntRange(min=0), help="Which sample the page draws (the one that differs most).")
@click.option("--note", default="", help="A line for the page's head, such as a date; it has none by itself.")
@click.option("--force", is_flag=True, help="Replace the page if it is there.")
@board_options
@conversion_options
@json_option
def command(
    *,
    model: Path,
    data: Path,
    where: tuple[str, ...],
    network: Path | None,
    samples: int,
    ticks: int,
    report: Path | None,
    sample: int | None,
    note: str,
    force: bool,
    compiler: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Run the same samples of DATA on the float network, the integer reference, the host and boards; compare.

    MODEL is a network (.nir, with conversion options) or an image (.spkl; --network then names its source, without
    which the float network is left out). Between integers every state word of every tick must be equal; the
    command ends with 1 if one is not, and says which. Layers that differ from the float network, saturate, or
    stay silent are told of, with the option that changes it; they do not change the exit code.

    Of an int8 network (.tflite, or an image of one) every number of every layer must be equal, in TensorFlow
    Lite's interpreter (where ai-edge-litert is installed), in the reference, on the host and on boards; layers of
    one that was quantised here are compared with the float network, too.
    """
    if report is not None:
        require_free(report, force=force)
    reading, choices = take_reading(options), take_choices(options)
    encode = host_encoding(model, options)
    loaded = get_model(model, options, reading, choices)
    if isinstance(loaded, GradedModel):
        refuse_ticks(ticks, reading)
        if report is not None or sample is not None or note:
            raise click.UsageError("--report, --sample and --note draw spiking networks: leave them out")
        from spikelet.cli.graded_verify import verify_graded

        verify_graded(
            loaded,
            model,
            data,
            where=where,
            network=network,
            samples=samples,
            choices=choices,
            compiler=compiler,
            as_json=as_json,
        )
        return
    without_choices(choices)
    found = get_data(data, loaded, samples=samples, ticks=ticks, encode=encode, reading=reading)
    source = model if is_network(model) else network
    lowered = original(source, loaded) if source is not None else None
    if sample is not None and sample >= len(found):
        raise click.UsageError(f"--sample {sample}: {len(found)} samples are run, the first is 0")
    with ExitStack() as stack:
        runners = {
            name: stack.enter_context(open_runner(name, loaded, compiler=compiler)) for name in dict.fromkeys(where)
        }
        step = stack.enter_context(progress("comparing", len(found) * (1 + len(runners))))
        result = verify(loaded, found, runners, network=lowered, progress=step)
        described = {name: _described(name, runner) for name, runner in runners.items()}
    if report is not None:
        made = Report(
            result=result,
            model=loaded,
            network=lowered,
            data=found,
            runners=described,
            files=_hashes([model, *([network] if network is not None else []), data]),
            title=model.name,
            command=_command_line(),
            note=note,
            sample=sample,
        )
        write_text(report, page(made), force=force)
    if as_json:
        print_json(data_of(result))
    else:
        _print(result)
        if report is not None:
            say(f"page written to {report}")
    if not result.identical:
        raise SystemExit(1)


def _described(name: str, runner: Runner) -> str:
    """What a runner is, for people."""
    made = getattr(runner, "build", None)
    if made is not None:
        return f"{made.board.title}, firmware by {made.compiler} -O{made.optimise}"
    return {"host": "the C engine on this host", "reference": "numpy"}.get(name, "a board on this port")


def _hashes(files: Iterable[Path]) -> Mapping[str, str]:
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}


def _command_line() -> str:
    """What was typed, but for the options that only change what is printed."""
    context = click.get_current_context()
    words = ["spikelet", "verify"]
    for parameter in context.command.params:
        name = parameter.name or ""
        value = context.params.get(name)
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE or name in {"as_json", "force"}:
            continue
        if isinstance(parameter, click.Argument):
            words.append(shlex.quote(str(value)))
        elif isinstance(value, bool):
            words.append(parameter.opts[0] if value else (parameter.secondary_opts or parameter.opts)[0])
        else:
            for one in value if isinstance(value, tuple) else (value,):
                words += [parameter.opts[0], shlex.quote(str(one))]
    return " ".join(words)


def _layers(result: Verification) -> None:
    """The table of the float network, and one of limits where one is reached."""
    rows: Rows = [
        (
            layer.population,
            number(layer.spikes_float) if layer.fires else "-",
            number(layer.spikes_integer) if layer.fires else "-",
            percent(layer.spikes_equal) if layer.fires else "-",
            percent(layer.counts_equal) if layer.fires else "-",
            "-" if layer.rate_correlation is None else number(layer.rate_correlation, 4),
            "-" if layer.v_rms is None else f"{layer.v_rms:.2g}{'' if layer.v_unit == 'threshold' else ' of max'}",
            "-" if layer.v_largest is None else f"{layer.v_largest:.2g}",
            "-" if layer.first is None else "sample {}, tick {}, neuron {}".format(*layer.first),
        )
        for layer in result.layers
    ]
    columns = (
        "population",
        "#spikes, float",
        "#integer",
        "#ticks equal",
        "#counts equal",
        "#rates correlate",
        "#v apart, thresholds (rms)",
        "#largest",
        "first apart",
    )
    table("Float network and integers", columns, rows)


def _print(result: Verification) -> None:
    say(f"{result.samples} samples, {number(result.ticks)} ticks")
    if result.layers:
        _layers(result)
    rows: Rows = [
        (c.runner, name, number(words), number(c.unequal[name]), "yes" if not c.unequal[name] else "NO")
        for c in result.comparisons
        for name, words in c.words.items()
    ]
    table("Integer reference and the others", ("on", "population", "#words compared", "#unequal", "identical"), rows)
    for comparison in result.comparisons:
        if comparison.first is not None:
            say(f"{comparison.runner} first differs at {comparison.first}")
    rows = [(name, *_agreement(result, predictions)) for name, predictions in predictions_of(result).items()]
    table("Predictions", ("on", "#right", "#as the reference"), rows)
    for advice in result.advice:
        say(f"{'warning' if advice.serious else 'note'}: {advice.text}; {advice.advice}")
    if not result.layers:
        say("the float network was left out: name the file that the image was made from with --network")
    say(
        "all integers are identical" if result.identical else "NOT identical: keep the files, this is a bug of spikelet"
    )


def _agreement(result: Verification, predictions: Any) -> tuple[str, str]:
    right = percent(float(np.mean(predictions == result.labels))) if result.labels is not None else "-"
    return right, percent(float(np.mean(predictions == result.predictions)))
