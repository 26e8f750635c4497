"""`spikelet tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from spikelet.cli.options import (
    board_options,
    conversion_options,
    get_data,
    get_model,
    host_encoding,
    recording_options,
    spiking,
    take_reading,
)
from spikelet.cli.screen import json_option, number, percent, print_json, progress, say, size, table
from spikelet.errors import SpikeletError
from spikelet.image import write

__all__ = ["command"]


@click.command("tune")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--board", required=True, help="An emulated board that counts instructions (spikelet boards).")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The tuned image (MODEL-BOARD.spkl here).")
@click.option("--data", type=click.Path(path_type=Path), help="Samples to count on; without, inputs are made up.")
@click.option("--samples", type=click.IntRange(min=1), default=2, show_default=True, help="The first N of --data.")
@click.option(
    "--ticks", type=click.IntRange(min=0), default=0, help="Length of a sample, where the model has no window."
)
@click.option("--force", is_flag=True, help="Replace the image if it is there.")
@recording_options
@board_options
@conversion_options
@json_option
def command(
    *,
    model: Path,
    board: str,
    output: Path | None,
    data: Path | None,
    samples: int,
    ticks: int,
    force: bool,
    compiler: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Choose how MODEL is stored and built for a board, by counting.

    Layouts of projections, blocks of neurons that rest together, and sets of kernels are tried one after the other in
    the board's firmware on its emulated core; what needs fewest instructions is written to a new image. It gives the
    same bits: every event and state word on the samples is compared.
    """
    from spikelet import board_files
    from spikelet.fit import require_counting
    from spikelet.tune import tune

    target = board_files.load(board)
    require_counting(target)
    reading = take_reading(options)
    encode = host_encoding(model, options)
    loaded = spiking(get_model(model, options, reading), "tune")
    place = output or Path(f"{model.stem}-{target.name}.spkl")
    if place.exists() and not force:
        raise SpikeletError(f"{place} exists: choose another file (-o), or say --force to replace it")
    found = None
    if data is not None:
        found = get_data(data, loaded, samples=samples, ticks=ticks, encode=encode, reading=reading)
    with progress(f"counting on {target.name}", 0) as step:
        tuned = tune(loaded, target, data=found, compiler=compiler, progress=step)
    if tuned.gains:
        write(tuned.model, place, force=force)
    if as_json:
        print_json(
            {
                "board": target.name,
                "data": tuned.data,
                "file": str(place) if tuned.gains else None,
                "instructions": [tuned.before, tuned.after],
                "trials": [
                    {name: getattr(trial, name) for name in ("part", "way", "instructions", "flash", "chosen")}
                    for trial in tuned.trials
                ],
            }
        )
        return
    rows = [
        (
            trial.part,
            trial.way,
            "does not fit" if trial.instructions is None else number(trial.instructions),
            size(trial.flash) if trial.flash else "",
            "chosen" if trial.chosen else "",
        )
        for trial in tuned.trials
    ]
    table(f"{target.title}, {tuned.data}", ("part", "way", "#instructions", "#flash", ""), rows)
    if not tuned.gains:
        say(f"nothing to gain: {model} needs {number(tuned.before)} instructions as it is, and no file was written")
        return
    saved = percent(1 - tuned.after / tuned.before, 1)
    say(f"{place}: {number(tuned.before)} > {number(tuned.after)} instructions ({saved} fewer), the same bits")
