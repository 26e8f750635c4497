"""`spikelet convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from spikelet.cli.options import conversion_options, convert_file, recording_options, said, take_reading
from spikelet.cli.screen import json_option, print_json, say, size, table
from spikelet.image import write
from spikelet.report import describe, one_line

__all__ = ["command"]


@click.command("convert")
@click.argument("network", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The image (NETWORK.spkl in this folder).")
@click.option("--force", is_flag=True, help="Replace the image if it is there.")
@recording_options
@conversion_options
@json_option
def command(network: Path, output: Path | None, *, force: bool, as_json: bool, **options: Any) -> None:
    """Convert a trained NETWORK (.nir) to an image (.spkl).

    What the file leaves open and changes spikes must be said, with --framework or option by option; without,
    the command lists what is open.
    """
    target = output or Path(network.with_suffix(".spkl").name)
    reading = take_reading(options)
    if reading is not None and options["calibration"] is None:
        raise click.UsageError("--tick-us and --downscale are for recordings to calibrate with (--calibration)")
    model = convert_file(network, said(options), reading)
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
    calibrated = report["meta"].get("calibration")
    if calibrated:
        say(
            f"on {calibrated['samples']} calibration samples {100 * calibrated['predictions_equal']:.2f} %"
            " of the predictions are those of the float network"
        )
