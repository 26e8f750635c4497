"""`spikelet convert` of int8 networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spikelet.cli.screen import number, print_json, say, size
from spikelet.graded.image import write
from spikelet.graded.model import GradedModel
from spikelet.graded.report import describe, one_line

__all__ = ["write_graded"]


def write_graded(model: GradedModel, target: Path, *, force: bool, as_json: bool) -> None:
    """Write the image of an int8 network, and tell what it takes.

    Args:
        model: converted.
        target: the image.
        force: replace the image if it is there.
        as_json: print JSON.
    """
    write(model, target, force=force)
    report = describe(model)
    if as_json:
        print_json({"file": str(target), **report})
        return
    memory = report["memory"]
    say(f"{target}: int8, {one_line(model)}, image {size(memory['image'])}, works in {size(memory['arena'])} of RAM")
    say(f"{number(report['parameters'])} parameters, {number(report['macs'])} multiply-accumulates an inference")
    if "tflm_greedy" in memory:
        planned = memory["activations"] + memory["scratch"]
        say(
            f"activations and scratch: {size(planned)}; TensorFlow Lite Micro's greedy planner:"
            f" {size(memory['tflm_greedy'])}"
        )
    quantised: Any = report["meta"].get("quantised")
    if quantised:
        say(str(quantised))
