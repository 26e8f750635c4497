"""`spikelet boards`."""

from __future__ import annotations

from dataclasses import asdict

import click

from spikelet import board_files
from spikelet.cli.screen import json_option, print_json, size, table

__all__ = ["command"]


@click.command("boards")
@json_option
def command(*, as_json: bool) -> None:
    """List the boards that come with spikelet: core, memories, emulator."""
    found = [board_files.load(name) for name in board_files.names()]
    if as_json:
        print_json([asdict(board) for board in found])
        return
    rows = [
        (
            board.name,
            board.title,
            f"{board.clock_hz / 1e6:g} MHz",
            size(board.flash.length),
            size(board.slot.length) if board.slot else "-",
            size(board.ram.length),
            board.emulator.get("kind", "-"),
        )
        for board in found
    ]
    table("", ("board", "what", "#clock", "#flash", "#for models", "#RAM", "emulator"), rows)
