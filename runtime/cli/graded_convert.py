"""`spikelet convert` of int8 networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from spikelet.cli.screen import Rows, number, percent, print_json, say, size, table
from spikelet.graded.image import write
from spikelet.graded.model import GradedModel
from spikelet.graded.names import short_name
from spikelet.graded.report import describe, one_line

__all__ = ["print_quantised", "write_graded"]

#: What the image keeps of a report on quantisation; all of it is printed.
_KEPT = ("samples", "settings", "bytes", "float_bytes", "held_out")


def write_graded(model: GradedModel, target: Path, *, force: bool, as_json: bool) -> None:
    """Write the image of an int8 network, and tell what it takes.

    Args:
        model: converted.
        target: the image.
        force: replace the image if it is there.
        as_json: print JSON.
    """
    quantised = model.meta.get("quantised")
    if isinstance(quantised, Mapping):
        kept = {name: quantised[name] for name in _KEPT if name in quantised}
        model = replace(model, meta={**model.meta, "quantised": kept})
    write(model, target, force=force)
    report = describe(model)
    if as_json:
        print_json({"file": str(target), **report, **({"quantised": quantised} if quantised else {})})
        return
    memory = report["memory"]
    say(f"{target}: int8, {one_line(model)}, image {size(memory['image'])}, works in {size(memory['arena'])} of RAM")
    say(f"{number(report['parameters'])} weights, {number(report['macs'])} multiply-accumulates an inference")
    if "tflm_greedy" in memory:
        planned = memory["activations"] + memory["scratch"]
        say(
            f"activations and scratch take {size(planned)}; TensorFlow Lite Micro's greedy planner needs"
            f" {size(memory['tflm_greedy'])}"
        )
    if isinstance(quantised, Mapping):
        print_quantised(quantised)


def print_quantised(report: Mapping[str, Any]) -> None:
    """Print what became of a float network: accuracy beside bytes, and bits by layer."""
    samples, held_out = report["samples"], report["held_out"]
    layers = report.get("layers", [])
    say()
    other = f"{samples['held_out']} others" if samples["held_out"] else "the same"
    say(f"quantised with {samples['fitted']} samples of calibration data, measured on {other}")
    accuracy = held_out.get("accuracy", {})
    bits = " and ".join(str(bits) for bits in sorted({layer["bits"] for layer in layers}, reverse=True))
    rows: Rows = [
        ("float32", _points(accuracy.get("float")), "", size(report["float_bytes"])),
        (
            f"int8, weights of {bits} bits" if bits else "int8",
            _points(accuracy.get("integers")),
            _points(held_out.get("predictions_equal")),
            size(report["bytes"]),
        ),
    ]
    table("", ("", "#accuracy", "#predictions as in float32", "#weights and tables"), rows)
    rows = [
        (
            layer["layer"],
            short_name(layer["name"]),
            layer["bits"],
            number(layer["bytes"]),
            "-" if layer["error"] is None else percent(layer["error"]),
        )
        for layer in layers
    ]
    table("", ("#", "layer", "#bits", "#bytes", "#error of its output"), rows)
    tried = report.get("table")
    if tried:
        heads, *lines = tried
        n = sum(head.isdigit() for head in heads)
        rows = [(" ".join(line[:n]), *line[n:]) for line in lines]
        columns = (f"bits of layers {' '.join(heads[:n])}", *(f"#{head}" for head in heads[n:-1]), "")
        table("Tried on calibration data", columns, rows)


def _points(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} %"
