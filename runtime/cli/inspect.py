"""`spikelet inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from spikelet.cli.screen import Rows, json_option, number, percent, print_json, say, size, table
from spikelet.image import read
from spikelet.report import describe

__all__ = ["command"]


@click.command("inspect")
@click.argument("image", type=click.Path(path_type=Path))
@json_option
def command(image: Path, *, as_json: bool) -> None:
    """Show everything that an IMAGE (.spkl) says: shapes, numbers, memory, and the choices made at conversion."""
    model = read(image)
    report = describe(model)
    if as_json:
        print_json({"file": str(image), **report})
        return
    memory = report["memory"]
    say(f"{image}: format {report['image']['format']}, CRC-32 {report['image']['crc32']}, {size(memory['image'])}")
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
        text = f"{port['kind']} of {port['population']}{labels}"
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
            " x ".join(map(str, p["shape"])),
            number(p["weights"]),
            percent(p["nonzero"] / p["weights"], 1),
            p["largest"],
        )
        for p in report["projections"]
    ]
    table("Projections", ("name", "shape", "#weights", "#not 0", "#largest"), rows)
    say(f"one event of each source would be {number(report['synops_dense'])} synaptic operations")


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
