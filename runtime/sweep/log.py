"""The results of a sweep as they come: one line of JSON a point, so that a sweep that was killed goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spikelet.errors import DataError, SpikeletError

__all__ = ["Log"]


class Log:
    """A file of results. Each line is an object with a `key`, which is its alone.

    Args:
        path: the file; made where it is not there.
        tell: called with a sentence where the last line was cut off and is left out.

    Raises:
        DataError: another line than the last is none of a sweep.
        SpikeletError: the file cannot be read or written.
    """

    def __init__(self, path: Path, tell: Callable[[str], object]) -> None:
        self._path = path
        self.known: dict[str, dict[str, Any]] = {}
        try:
            content = path.read_bytes() if path.exists() else b""
        except OSError as error:
            raise SpikeletError(f"{path} cannot be read: {error.strerror}") from error
        *lines, rest = content.split(b"\n")
        whole, is_cut = 0, bool(rest)
        for number, line in enumerate(lines, 1):
            entry = _entry(line)
            if entry is None and number == len(lines) and not is_cut:
                is_cut = True
                break
            if entry is None:
                raise DataError(
                    f"{path}: line {number} is no result of a sweep: delete this line, and its point is run again"
                )
            self.known[entry["key"]] = entry
            whole += len(line) + 1
        if is_cut:
            tell(f"{path}: the last line is damaged, as of a sweep that was killed: its point is run again")
            self._write(lambda stream: stream.truncate(whole))

    def add(self, entry: dict[str, Any]) -> None:
        """Add a result; it is on the disk when this returns.

        Raises:
            SpikeletError: the file cannot be written.
        """
        line = (json.dumps(entry, sort_keys=True, allow_nan=False) + "\n").encode()
        self._write(lambda stream: (stream.seek(0, os.SEEK_END), stream.write(line)))
        self.known[entry["key"]] = entry

    def _write(self, change: Callable[[Any], object]) -> None:
        try:
            self._path.touch()
            with self._path.open("r+b") as stream:
                change(stream)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise SpikeletError(f"{self._path} cannot be written: {error.strerror}") from error


def _entry(line: bytes) -> dict[str, Any] | None:
    """The object of a line; None: it is none."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("key"), str) else None
