"""`spikelet verify`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from spikelet.cli.options import (
    board_options,
    conversion_options,
    get_data,
    get_model,
    host_encoding,
    is_network,
    model_argument,
)
from spikelet.cli.screen import Rows, json_option, number, percent, print_json, progress, say, table
from spikelet.original import original
from spikelet.runners import WHERE, open_runner
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
    compiler: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Run the same samples of DATA on the float network, the integer reference, the host and boards; compare.

    MODEL is a network (.nir, with conversion options) or an image (.spkl; --network then names its source, without
    which the float network is left out). Between integers every state word of every tick must be equal; the
    command ends with 1 if one is not, and says which.
    """
    encode = host_encoding(model, options)
    loaded = get_model(model, options)
    found = get_data(data, loaded, samples=samples, ticks=ticks, encode=encode)
    source = model if is_network(model) else network
    lowered = original(source, loaded) if source is not None else None
    with ExitStack() as stack:
        runners = {
            name: stack.enter_context(open_runner(name, loaded, compiler=compiler)) for name in dict.fromkeys(where)
        }
        step = stack.enter_context(progress("comparing", len(found) * (1 + len(runners))))
        result = verify(loaded, found, runners, network=lowered, progress=step)
    if as_json:
        print_json(_data(result))
    else:
        _print(result)
    if not result.identical:
        raise SystemExit(1)


def _print(result: Verification) -> None:
    say(f"{result.samples} samples, {number(result.ticks)} ticks")
    if result.layers:
        rows: Rows = [
            (
                layer.population,
                number(layer.spikes_float) if layer.fires else "-",
                number(layer.spikes_integer) if layer.fires else "-",
                percent(layer.spikes_equal) if layer.fires else "-",
                percent(layer.counts_equal) if layer.fires else "-",
                f"{layer.v_error:.3g}",
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
            "#v apart (rms)",
            "first apart",
        )
        table("Float network and integers", columns, rows)
    rows = [
        (c.runner, name, number(words), number(c.unequal[name]), "yes" if not c.unequal[name] else "NO")
        for c in result.comparisons
        for name, words in c.words.items()
    ]
    table("Integer reference and the others", ("on", "population", "#words compared", "#unequal", "identical"), rows)
    for comparison in result.comparisons:
        if comparison.first is not None:
            say(f"{comparison.runner} first differs at {comparison.first}")
    rows = [(name, *_agreement(result, predictions)) for name, predictions in _predictions(result).items()]
    table("Predictions", ("on", "#right", "#as the reference"), rows)
    if not result.layers:
        say("the float network was left out: name the file that the image was made from with --network")
    say(
        "all integers are identical" if result.identical else "NOT identical: keep the files, this is a bug of spikelet"
    )


def _predictions(result: Verification) -> dict[str, Any]:
    found: dict[str, Any] = {} if result.float_predictions is None else {"float": result.float_predictions}
    return {**found, "reference": result.predictions, **{c.runner: c.predictions for c in result.comparisons}}


def _agreement(result: Verification, predictions: Any) -> tuple[str, str]:
    right = percent(float(np.mean(predictions == result.labels))) if result.labels is not None else "-"
    return right, percent(float(np.mean(predictions == result.predictions)))


def _data(result: Verification) -> dict[str, Any]:
    """The result for machines."""
    return {
        "samples": result.samples,
        "ticks": result.ticks,
        "identical": result.identical,
        "layers": [asdict(layer) for layer in result.layers],
        "comparisons": [
            {
                "on": c.runner,
                "identical": c.identical,
                "words": dict(c.words),
                "unequal": dict(c.unequal),
                "first": asdict(c.first) if c.first is not None else None,
            }
            for c in result.comparisons
        ],
        "predictions": {name: predictions.tolist() for name, predictions in _predictions(result).items()},
        "labels": result.labels.tolist() if result.labels is not None else None,
    }
