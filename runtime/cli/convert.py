"""`spikelet convert`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from spikelet.cli.graded_options import convert_graded, graded_data_options, refuse_ticks, take_choices, without_choices
from spikelet.cli.options import (
    conversion_options,
    convert_file,
    is_tflite,
    recording_options,
    said,
    take_reading,
)
from spikelet.cli.screen import json_option, number, print_json, say, size, table
from spikelet.cli.spikes import convert_spiking, say_exit, spikes_options, take_exit, take_spikes
from spikelet.image import write
from spikelet.report import describe, one_line

__all__ = ["command"]


@click.command("convert")
@click.argument("network", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The image (NETWORK.spkl in this folder).")
@click.option("--force", is_flag=True, help="Replace the image if it is there.")
@spikes_options
@graded_data_options
@recording_options
@conversion_options
@json_option
def command(network: Path, output: Path | None, *, force: bool, as_json: bool, **options: Any) -> None:
    """Convert a trained NETWORK (.nir, .tflite) to an image (.spkl).

    What a .nir file leaves open and changes spikes must be said, with --framework or option by option; without,
    the command lists what is open.

    A .tflite file of int8 is converted as it is, to graded events: every number stays what it was. One of float32
    is quantised here, with --calibration DATA.npz; --weights is 8, 4, 2 or auto, and --labels names the classes.

    With --spikes and --calibration DATA.npz a .tflite file becomes a network of integrate-and-fire neurons.
    """
    target = output or Path(network.with_suffix(".spkl").name)
    reading, choices, spikes = take_reading(options), take_choices(options), take_spikes(options)
    ends = take_exit(options)
    if spikes is not None and not is_tflite(network):
        raise click.UsageError(f"--spikes is for .tflite files, and {network} is none: leave it out")
    if is_tflite(network) and spikes is None:
        from spikelet.cli.graded_convert import write_graded

        if ends:
            raise click.UsageError("--early-exit and --exit-loss are for spiking networks: leave them out")
        refuse_ticks(0, reading)
        write_graded(convert_graded(network, said(options), choices), target, force=force, as_json=as_json)
        return
    if spikes is not None:
        refuse_ticks(0, reading)
        model = convert_spiking(network, said(options) | ends, choices, spikes)
    else:
        without_choices(choices)
        if reading is not None and options["calibration"] is None:
            raise click.UsageError("--tick-us and --downscale are for recordings to calibrate with (--calibration)")
        if "exit_loss" in ends and ends.get("early_exit") != "auto":
            raise click.UsageError("--exit-loss is for --early-exit auto: add it, or leave --exit-loss out")
        model = convert_file(network, said(options) | ends, reading)
    write(model, target, force=force)
    report = describe(model)
    if as_json:
        print_json({"file": str(target), **report})
        return
    memory = report["memory"]
    say(f"{target}: {one_line(model)}, image {size(memory['image'])}, works in {size(memory['work'])} of RAM")
    chosen = model.meta.get("weights", {}).get("table")
    if chosen:
        columns, *rows = chosen
        table("Bits of weights on calibration data", (*(f"#{name}" for name in columns[:-1]), ""), rows)
    if "pruning" in model.meta:
        _say_pruning(model.meta["pruning"])
    say_exit(model)
    calibrated = report["meta"].get("calibration")
    if calibrated:
        say(
            f"on {calibrated['samples']} calibration samples {100 * calibrated['predictions_equal']:.2f} %"
            " of the predictions are those of the float network"
        )


def _say_pruning(record: Mapping[str, Any]) -> None:
    """What was left out, before and after."""
    both = {what: [layer[what] for layer in record["layers"].values()] for what in ("bytes", "instructions")}
    rows = [
        (
            name,
            f"{100 * layer['share']:g} %",
            layer["in"] or "-",
            *(_both(layer[what]) for what in ("bytes", "instructions")),
        )
        for name, layer in record["layers"].items()
    ]
    total = [_both([sum(values) for values in zip(*pairs, strict=True)]) for pairs in both.values()]
    table(
        f"Pruned by {record['by']} on calibration data",
        ("layer", "#left out", "as", "#bytes", "#instructions a tick (Cortex-M4)"),
        [*rows, ("all", "", "", *total)],
    )
    lost = f"{record['points_lost']:.2f} points lost on {record['samples']} calibration samples"
    if "accuracy" in record:
        before, after = record["accuracy"]
        say(f"accuracy {before:.2f} % before, {after:.2f} % after pruning: {lost}")
    else:
        say(f"{lost}: predictions unlike those of the network before (no labels)")


def _both(pair: Sequence[float]) -> str:
    return " > ".join(number(value) for value in pair)
