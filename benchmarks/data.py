"""Where data is that is not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["MissingError", "file"]

_ROOT = Path(__file__).resolve().parent.parent


class MissingError(Exception):
    """Data is not there; the message says how to get at it."""


def file(name: str) -> Path:
    """Path of a file such as "nir/cnn_sinabs.nir" of the shared data.

    Raises:
        MissingError: it is not there.
    """
    folder = Path(os.environ.get("SPIKELET_DATA", _ROOT.parent / "shared" / "data"))
    if not (folder / name).exists():
        raise MissingError(f"{name} is not there: set SPIKELET_DATA to the folder with the shared data")
    return folder / name
