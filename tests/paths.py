"""Where tests find data that is not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["ROOT", "data"]

ROOT = Path(__file__).resolve().parent.parent


def data(name: str) -> Path:
    """Path of a file such as "nir/lif_norse.nir" of the shared test data; skips the test where it is absent."""
    folder = Path(os.environ.get("SPIKELET_DATA", ROOT.parent / "shared" / "data"))
    path = folder / name
    if not path.exists():
        pytest.skip(f"{name} is not there: set SPIKELET_DATA to the folder with the shared test data")
    return path
