"""`spikelet bench`, one file a subcommand."""

from __future__ import annotations

import click

from spikelet.cli.lazy import LazyGroup

__all__ = ["SUBCOMMANDS", "command"]

#: In the order of use, with what `spikelet bench --help` says of them.
SUBCOMMANDS = {
    "spiking": "Count spiking networks beside plain C's.",
    "scaling": "Count how cost grows with events, fan-out, neurons and idle time.",
    "int8": "Count int8 layers beside CMSIS-NN's.",
    "host": "Time the host engine beside snnTorch.",
}


@click.group("bench", cls=LazyGroup, modules="spikelet.cli.bench_", sentences=SUBCOMMANDS)
def command() -> None:
    """Measure, beside a peer in the same run; each table ends with the command that repeats it."""
