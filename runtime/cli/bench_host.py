"""`spikelet bench host`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from spikelet._data import path as data_path
from spikelet.bench import Bench, bench
from spikelet.bench_host import FRAMEWORKS, Times, time
from spikelet.cli.options import conversion_options, convert_file, get_data, said
from spikelet.cli.screen import Rows, json_option, number, percent, print_json, say, status, table
from spikelet.original import original

__all__ = ["command"]

_EXAMPLE = {"framework": "snntorch", "reset": "zero", "encoder": "rate", "ticks_per_sample": 25}


@click.command("host")
@click.argument("network", type=click.Path(path_type=Path), required=False)
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option("--samples", type=click.IntRange(min=1), default=200, show_default=True, help="The first N samples.")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="How often, in turn.")
@click.option("--peers", is_flag=True, help="The MNIST network beside plain C and all frameworks instead.")
@click.option(
    "--peer", "frameworks", type=click.Choice(FRAMEWORKS), multiple=True, help="Of --peers; none: all of them."
)
@conversion_options
@json_option
def command(
    *,
    network: Path | None,
    data: Path | None,
    samples: int,
    rounds: int,
    peers: bool,
    frameworks: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Measure the host engine against snnTorch: the same network, batch 1, one thread, in one run.

    NETWORK is a .nir file from snnTorch with conversion options, DATA a data set of frames; without them the digits
    example is taken. Where snnTorch is not installed the engine is measured alone.

    With --peers, from a checkout: the 784-128-10 network of examples/mnist in C loops through the engine's API, beside
    plain event-driven C, snnTorch, Norse, sinabs, SpikingJelly and Brian2's C++ standalone where installed, batch 1 and
    their best batch, one thread and all cores. All results of the engine are compared with plain C's.
    """
    if peers:
        if network is not None:
            raise click.UsageError("--peers has a network of its own: leave NETWORK out")
        with status("measuring"):
            times = time(frameworks, samples=samples, rounds=rounds)
        if as_json:
            print_json(asdict(times))
        else:
            _print_peers(times, [*(f"--peer {name}" for name in frameworks), f"--samples {samples}"], rounds)
        return
    given = said(options)
    if network is None:
        given = {**_EXAMPLE, **given}
        network, data = data_path("examples/digits") / "digits.nir", data_path("examples/digits") / "digits_test.npz"
    if data is None:
        raise click.UsageError("give a data set of frames as well (.npz with x and y)")
    model = convert_file(network, given)
    found = get_data(data, model, samples=samples, ticks=0)
    with status("measuring"):
        result = bench(model, original(network, model), found, rounds=rounds)
    if as_json:
        print_json(_data(result))
    else:
        _print(network, result)


def _print(network: Path, result: Bench) -> None:
    say(f"{network.name}, {result.samples} samples of {result.ticks} ticks, batch 1, one thread")
    rows: Rows = [("spikelet on this host", *_speed(result.engine, result))]
    if result.missing:
        table("", ("", "#a sample", "#synaptic operations a second"), rows)
        say(result.missing)
        return
    rows.append((result.versions, *_speed(result.snntorch, result)))
    table("", ("", "#a sample", "#synaptic operations a second"), rows)
    say(f"{result.ratio:.0f} times as fast; {percent(result.equal)} of the predictions are equal")


def _print_peers(times: Times, words: list[str], rounds: int) -> None:
    head = times.head
    what = f"{head['samples']} samples of {head['ticks']} ticks, {head['events']:.0f} events each"
    say(f"784-128-10, {head['data']}, {what}")
    rows: Rows = []
    for row in times.rows:
        ratio = times.ratio(row)
        times_faster = "" if ratio is None else number(ratio, 3)
        cells = (f"{1e6 * row.seconds:,.1f} us", times_faster, percent(row.equal))
        rows.append((row.name, str(row.cores), str(row.batch), *cells))
    columns = ("", "#cores", "#batch", "#a sample", "#times as fast as plain C", "#equal")
    table("", columns, rows)
    for missing in times.missing:
        say(f"left out: {missing.name}: {missing.hint}")
    say(f"{head['cpu']}; C by {head['compiler']}, {head['flags']}")
    say(f"again: spikelet bench host --peers {' '.join(words)} --rounds {rounds}")


def _speed(seconds: float, result: Bench) -> tuple[str, str]:
    return f"{1e6 * seconds:,.1f} us", f"{number(result.synops / seconds / 1e6)} million"


def _data(result: Bench) -> dict[str, Any]:
    """The result for machines; what was not measured is null."""
    measured = {name: None if value != value else value for name, value in asdict(result).items()}  # noqa: PLR0124
    return {**measured, "ratio": None if result.missing else result.ratio}
