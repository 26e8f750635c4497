"""The option --mlperf of `spikelet build` and `spikelet emulate`."""

from __future__ import annotations

import click

from spikelet.converters.emit import TASKS

__all__ = ["mlperf_option"]

mlperf_option = click.option(
    "--mlperf",
    type=click.Choice(list(TASKS)),
    help="MLPerf Tiny: a firmware for this benchmark, which takes the commands of the suite's runner.",
)
