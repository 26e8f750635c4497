"""Finds the folders that come with the package, in a wheel and in a checkout."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from spikelet.errors import SpikeletError

__all__ = ["path"]


def path(name: str) -> Path:
    """Path of a shipped folder such as "csrc" or "boards".

    Raises:
        SpikeletError: the installation is incomplete.
    """
    here = Path(str(importlib.resources.files("spikelet")))
    for root in (here / "_data", here.parent):
        if (root / name).is_dir():
            return root / name
    raise SpikeletError(f"the folder {name}/ is missing from the installation: install spikelet again")
