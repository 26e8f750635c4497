"""Writes pages and drawings: whole or not at all, and nothing is replaced unless that was said."""

from __future__ import annotations

import os
from pathlib import Path

from spikelet.errors import SpikeletError

__all__ = ["require_free", "write_text"]


def require_free(path: Path, *, force: bool) -> None:
    """Refuse a file that would be replaced, before anything runs.

    Raises:
        SpikeletError: it exists and `force` is not set, or its folder does not exist.
    """
    if path.exists() and not force:
        raise SpikeletError(f"{path} exists: choose another name, or say --force to replace it")
    if not path.parent.is_dir():
        raise SpikeletError(f"there is no folder {path.parent}: make it first, or write elsewhere")


def write_text(path: Path, text: str, *, force: bool) -> None:
    """Write a text file in UTF-8.

    Raises:
        SpikeletError: as require_free, or it cannot be written.
    """
    require_free(path, force=force)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SpikeletError(f"{path} cannot be written: {error.strerror}") from error
