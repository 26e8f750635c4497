"""The command line: `spikelet COMMAND ...`, one file a command, loaded when it is called."""

from __future__ import annotations

import errno
from typing import Any

import click

from spikelet.cli.lazy import LazyGroup
from spikelet.errors import ConvertError, SpikeletError

__all__ = ["COMMANDS", "group", "main"]

#: Commands in the order of use, with what `spikelet --help` says of them.
COMMANDS = {
    "demo": "Convert the digits example, run it on an emulated board, compare.",
    "check": "Tell whether a file can be converted and fits a board.",
    "convert": "Convert a trained network to an image.",
    "inspect": "Show everything that an image says.",
    "verify": "Compare the original, integer reference, host and boards, layer by layer.",
    "run": "Run one sample and print what comes out.",
    "eval": "Run a data set: accuracy, confusions, spikes, work.",
    "tune": "Choose layouts, blocks and kernels for a board, by counting.",
    "sweep": "Convert in many ways; tell which are worth having by accuracy, bytes and instructions.",
    "build": "Build firmware for a board.",
    "boards": "List the boards.",
    "emulate": "Run an emulated board, or count a model's instructions on it.",
    "bench": "Count and time: spiking networks, int8 layers, the host, beside their peers.",
    "doctor": "Tell what is installed, and what to install.",
}


class _Group(LazyGroup):
    """Turns errors into a line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what goes wrong is one line and the exit code of its class."""
        try:
            return super().invoke(ctx)
        except SpikeletError as error:
            click.echo(f"spikelet: {error}{_hint(error)}", err=True)
            ctx.exit(error.exit_code)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"spikelet: {where}{error.strerror or error}", err=True)
            ctx.exit(SpikeletError.exit_code)


def _hint(error: SpikeletError) -> str:
    """How a keyword of convert() is said on the command line."""
    is_open = isinstance(error, ConvertError) and error.field == "choices" and "reset" in error.found
    return " Here reset_time='now' is --reset-time now." if is_open else ""


@click.group(
    cls=_Group,
    modules="spikelet.cli.",
    sentences=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="spikelet")
def group() -> None:
    """Turn trained networks into small integer models and run them event by event.

    \b
    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 cannot be converted, 4 wrong model,
    5 bad image, 6 refused by the engine, 7 board, 8 device, 9 data.
    """


def main() -> None:
    """Run the command line."""
    group(prog_name="spikelet")
