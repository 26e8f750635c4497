"""Limits that `spikelet check` holds what a model takes of a board against."""

from __future__ import annotations

from collections.abc import Mapping

from spikelet.budget_room import Room
from spikelet.errors import LimitError, NoRoomError

__all__ = ["exceeded", "exit_code"]


def exceeded(
    room: Room, instructions: int | None, limits: Mapping[str, int | None], words: Mapping[str, str]
) -> list[str]:
    """The limits that are not kept, in words.

    Args:
        room: bytes of flash and RAM.
        instructions: None: nobody knows.
        limits: of flash, ram and instructions; None: none.
        words: what a limit counts, such as "bytes of flash".
    """
    takes = {"flash": sum(room.flash.values()), "ram": sum(room.ram.values()), "instructions": instructions}
    said = []
    for name, limit in limits.items():
        own = takes[name]
        if limit is not None and own is None:
            said.append(f"nobody knows how many {words[name]} it takes; {limit:,} are allowed")
        elif limit is not None and own is not None and own > limit:
            said.append(f"{own:,} {words[name]}, {own - limit:,} more than the {limit:,} that are allowed")
    return said


def exit_code(room: Room, said: list[str]) -> int:
    """The exit code for a board, and limits that are `exceeded`."""
    if room.missing:
        return NoRoomError.exit_code
    return LimitError.exit_code if said else 0
