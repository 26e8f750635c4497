"""`spikelet inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from spikelet.budget import budget
from spikelet.cli.budget_table import as_data, print_budget
from spikelet.cli.graded_options import graded_data_options, refuse_ticks, take_choices, without_choices
from spikelet.cli.options import (
    conversion_options,
    get_data,
    get_model,
    host_encoding,
    is_network,
    recording_options,
    take_reading,
)
from spikelet.cli.screen import Rows, json_option, number, percent, print_json, progress, say, size, table
from spikelet.datasets import DataSet, Reading
from spikelet.errors import DataError
from spikelet.graded.data_shapes import Choices
from spikelet.graded.model import GradedModel
from spikelet.image import load
from spikelet.model import Model
from spikelet.report import describe
from spikelet.runners import open_runner
from spikelet.svg_file import require_free, write_text

__all__ = ["command"]


@click.command("inspect")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--svg", type=click.Path(path_type=Path), help="Draw the network into this file (.svg).")
@click.option("--board", help="What it takes on this board, layer by layer; nothing is built.")
@click.option("--data", type=click.Path(path_type=Path), help="With --svg, --board: samples to measure event rates of.")
@click.option("--samples", type=click.IntRange(min=1), default=20, show_default=True, help="The first N samples.")
@click.option(
    "--ticks", type=click.IntRange(min=0), default=0, help="Length of a sample, where the model has no window."
)
@graded_data_options
@recording_options
@click.option("--force", is_flag=True, help="Replace the drawing if it is there.")
@conversion_options
@json_option
def command(
    *,
    model: Path,
    svg: Path | None,
    board: str | None,
    data: Path | None,
    samples: int,
    ticks: int,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Show everything that a MODEL (.spkl, or .nir or .tflite with conversion options) says: shapes, numbers, memory.

    With --svg the network is drawn too: ports, populations, projections with their weights and bytes; projections
    back and late ones look different. With --board flash, RAM, synaptic operations and instructions of a tick are
    listed by layer. With --data samples are run, and drawing and board tell of their events.

    Of an int8 network layers are listed with parameters, bytes and multiply-accumulates, and memory beside what
    TensorFlow Lite Micro needs; --board tells whether it fits, and by how much not.
    """
    if data is not None and svg is None and board is None:
        raise click.UsageError("--data is for the drawing and the board: add --svg FILE or --board BOARD")
    if svg is not None:
        require_free(svg, force=force)
    reading, choices = take_reading(options), take_choices(options)
    encode = host_encoding(model, options) if data is not None else None
    loaded = _load(model, options, reading, choices)
    if isinstance(loaded, GradedModel):
        refuse_ticks(ticks, reading)
        if data is not None:
            raise click.UsageError("--data measures events of spiking networks; spikelet eval runs an int8 one")
        from spikelet.cli.graded_inspect import inspect_graded

        inspect_graded(loaded, model, svg=svg, board=board, force=force, as_json=as_json)
        return
    without_choices(choices)
    report = describe(loaded)
    found = None
    if data is not None:
        found = get_data(data, loaded, samples=samples, ticks=ticks, encode=encode, reading=reading)
    if svg is not None:
        _draw(loaded, svg, title=model.name, data=found, force=force)
    taken = budget(loaded, board, data=found) if board is not None else None
    if as_json:
        print_json({"file": str(model), **report, **({"budget": as_data(taken)} if taken else {})})
        return
    _print(model, report)
    if taken is not None:
        print_budget(taken)
    if svg is not None:
        say(f"drawn in {svg}")


def _load(path: Path, options: dict[str, Any], reading: Reading | None, choices: Choices | None) -> Model | GradedModel:
    """An image or a network; what is neither is refused as an image."""
    try:
        is_network(path)
    except DataError:
        return load(path)
    return get_model(path, options, reading, choices)


def _draw(model: Model, path: Path, *, title: str, data: DataSet | None, force: bool) -> None:
    """Write the drawing, with event rates where there are data."""
    from spikelet.svg_network import draw_network, measure

    rates = None
    if data is not None:
        with open_runner("host", model) as runner, progress("measuring", len(data)) as step:
            rates = measure(runner, data, progress=step)
    write_text(path, draw_network(model, title=title, rates=rates), force=force)


def _print(model: Path, report: dict[str, Any]) -> None:
    memory = report["memory"]
    say(f"{model}: format {report['image']['format']}, CRC-32 {report['image']['crc32']}, {size(memory['image'])}")
    say(f"state {size(memory['state'])} in the arena, works in {size(memory['work'])} of RAM; {_window(report)}")
    _ports(report)
    _populations(report)
    _projections(report)
    _choices(report["meta"])


def _window(report: dict[str, Any]) -> str:
    ticks, tick_ns = report["ticks_per_sample"], report["tick_ns"]
    window = f"samples of {ticks} ticks" if ticks else "endless"
    begin = ", each from the initial state" if ticks and report["reset_between"] else ""
    return window + begin + (f", a tick is {tick_ns / 1e6:g} ms" if tick_ns else "")


def _ports(report: dict[str, Any]) -> None:
    rows: Rows = []
    for port in report["inputs"]:
        gain = f", gain {port['gain']}" if "gain" in port else ""
        limits = f"|value| to {port['max_value']}, sum to {port['max_sum']} a tick"
        rows.append(("input", port["name"], port["size"], port["encoder"] + gain, limits, port["queue"]))
    for port in report["outputs"]:
        labels = f", labels {', '.join(port['labels'])}" if port["labels"] else ""
        ends = f", ends samples by a margin of {number(port['early_exit'])}" if "early_exit" in port else ""
        text = f"{port['kind']} of {port['population']}{labels}{ends}"
        rows.append(("output", port["name"], _size_of(report, port), port["decoder"], text, port["queue"]))
    table("Ports", ("", "name", "#neurons", "coder", "", "#queue"), rows)


def _size_of(report: dict[str, Any], port: dict[str, Any]) -> int:
    return next(int(p["size"]) for p in report["populations"] if p["name"] == port["population"])


def _populations(report: dict[str, Any]) -> None:
    rows: Rows = []
    for part in report["populations"]:
        choices = ", ".join(name if value is True else f"{name} {value}" for name, value in part["choices"].items())
        parameters = "\n".join(
            f"{name} {values['least']:,}"
            + (f" .. {values['largest']:,}" if values["largest"] != values["least"] else "")
            + (" (each neuron)" if values["count"] > 1 else "")
            for name, values in part["parameters"].items()
        )
        rows.append((part["name"], part["size"], part["kind"], part["frac"], choices, parameters))
    table("Populations", ("name", "#neurons", "kind", "#frac", "choices", "parameters"), rows)
    rows = [_numbers(part) for part in report["populations"] if part["report"]]
    if rows:
        columns = ("population", "a weight unit is", "#tau, ticks", "#input to", "#v to", "saturates", "#weight error")
        table("Numbers", columns, rows)


def _numbers(part: dict[str, Any]) -> tuple[object, ...]:
    made = part["report"]
    scale = made.get("scale", "-")
    if isinstance(scale, list):
        scale = f"{min(scale):.3g} .. {max(scale):.3g} (each neuron)"
    bound = made.get("v_bound")
    return (
        part["name"],
        scale,
        made.get("tau_ticks", "-"),
        number(made["input_bound"]) if "input_bound" in made else "-",
        number(bound) if bound is not None else "-",
        {True: "never", False: "may"}.get(made.get("never_saturates"), "-"),
        percent(made["weight_error"]) if "weight_error" in made else "-",
    )


def _projections(report: dict[str, Any]) -> None:
    rows: Rows = [
        (
            p["name"],
            p.get("kind", "dense") + "".join(f", {word}" for word in _unusual(p)),
            " x ".join(map(str, p["shape"])),
            number(p["weights"]) if p["weights"] else "-",
            p.get("bits") or "-",
            number(p["bytes"]) if "bytes" in p else "-",
            percent(p["nonzero"] / p["weights"], 1) if p["weights"] else "-",
            p["largest"] if p["weights"] else "-",
        )
        for p in report["projections"]
    ]
    columns = ("name", "kind", "shape", "#weights", "#bits", "#bytes", "#not 0", "#largest")
    table("Projections", columns, rows)
    say(f"one event of each source would be {number(report['synops_dense'])} synaptic operations")


def _unusual(p: dict[str, Any]) -> list[str]:
    """What else there is to say of a projection."""
    said = ["one tick back"] if p.get("back") else []
    said += [p["conv"]] if p.get("conv") else []
    said += [f"from {p['map']}"] if p.get("map") else []
    delays = p.get("delays")
    return said + ([f"late by {delays['least']} to {delays['largest']} ticks"] if delays else [])


def _choices(meta: dict[str, Any]) -> None:
    choices = meta.get("choices")
    if choices:
        names = list(dict.fromkeys(name for own in choices.values() for name in own))
        rows: Rows = [(name, *(own.get(name, "") for own in choices.values())) for name in names]
        table("Choices", ("", *choices), rows)
    if meta.get("assumed"):
        say(f"assumed, since no file says it: {meta['assumed']}")
    calibrated = meta.get("calibration")
    if calibrated:
        equal = calibrated.get("predictions_equal")
        said = percent(equal) if isinstance(equal, float) else "?"
        say(f"calibrated on {calibrated.get('samples', '?')} samples: {said} of the predictions as in float")
    source = meta.get("source", {})
    say(f"made by {meta.get('converter', '?')} from a file with SHA-256 {source.get('sha256', '?')}")
