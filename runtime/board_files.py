"""Boards: one TOML file each, checked against a schema."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import jsonschema

from spikelet._data import path as data_path
from spikelet.errors import BoardError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Board", "Memory", "load", "names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A memory: first address and bytes. `page` is what one erase takes; 0: not erased."""

    origin: int
    length: int
    page: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board as its file describes it (docs/how-to/boards.md).

    `slot` is the flash that keeps a model loaded at run time; it lies outside `flash`.
    `emulator` is empty for a board that only exists as hardware; `counter` (address and hz) where the port has a
    clock of its own.
    """

    name: str
    title: str
    core: str
    clock_hz: int
    stack: int
    sources: tuple[str, ...]
    flash: Memory
    ram: Memory
    slot: Memory | None
    console: Mapping[str, int]
    arch: str
    fpu: bool
    flags: Mapping[str, tuple[str, ...]]
    kernels: tuple[str, ...]
    emulator: Mapping[str, Any] = field(default_factory=dict)
    counter: Mapping[str, int] = field(default_factory=dict)


def names() -> list[str]:
    """Names of all boards that come with spikelet, in order."""
    return sorted(file.stem for file in data_path("boards").glob("*.toml"))


def load(name: str | Board) -> Board:
    """Read a board by name, or from the path of a TOML file.

    Raises:
        BoardError: no such board, or its file is wrong.
    """
    if isinstance(name, Board):
        return name
    known = names()
    if name.endswith(".toml"):
        file = Path(name)
    elif name in known:
        file = data_path("boards") / f"{name}.toml"
    else:
        close = get_close_matches(name, known, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise BoardError(f"no board {name!r}: {hint}there are {', '.join(known)}; or give the path of a .toml file")
    try:
        with file.open("rb") as stream:
            data = tomllib.load(stream)
    except OSError as error:
        raise BoardError(f"{file}: {error.strerror}; give a board's name or the path of its .toml file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BoardError(f"{file}: {error}") from error
    return _board(str(file), data)


def _board(where: str, data: dict[str, Any]) -> Board:
    """Make a board of a file's data."""
    schema = json.loads((data_path("boards") / "schema.json").read_text())
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(data))
    if error is not None:
        raise BoardError(
            f"{where}: {'.'.join(str(part) for part in error.absolute_path) or 'the file'}: {error.message}"
        )
    memory, rules = data["memory"], data["compile"]
    board = Board(
        name=data["name"],
        title=data["title"],
        core=data["core"],
        clock_hz=data["clock_hz"],
        stack=data["stack"],
        sources=tuple(data["sources"]),
        flash=Memory(**memory["flash"]),
        ram=Memory(**memory["ram"]),
        slot=Memory(**memory["slot"]) if "slot" in memory else None,
        console=data["console"],
        arch=rules["arch"],
        fpu=rules["fpu"],
        flags={"gcc": tuple(rules["gcc"]), "zig": tuple(rules["zig"])},
        kernels=tuple(rules["kernels"]),
        emulator=data.get("emulator", {}),
        counter=data.get("counter", {}),
    )
    _check_memory(where, board)
    return board


def _check_memory(where: str, board: Board) -> None:
    """The slot is whole pages right behind the flash that it shares a chip with."""
    slot = board.slot
    if slot is None:
        return
    if slot.length % slot.page or (slot.origin - board.flash.origin) % slot.page:
        raise BoardError(f"{where}: memory.slot: origin and length must be whole pages of {slot.page} bytes")
    if slot.origin != board.flash.origin + board.flash.length:
        raise BoardError(f"{where}: memory.slot: it must begin where memory.flash ends")
