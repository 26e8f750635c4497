"""Runs a benchmark of the checkout in a process of its own: Unicorn is GPL and is never imported here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spikelet._data import path as data_path
from spikelet.errors import SpikeletError

__all__ = ["count"]


def count(module: str, words: Iterable[str]) -> list[dict[str, Any]]:
    """Run `python -m module words ...` at the project's root; returns the lines of JSON that it prints.

    Raises:
        SpikeletError: not a checkout of the project, or what is counted with is missing.
    """
    root = _checkout()
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        hint = "; pip install 'spikelet[bench,emulator]'" if said[-1].startswith("ModuleNotFoundError") else ""
        raise SpikeletError(f"{module}: {said[-1]}{hint}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def _checkout() -> Path:
    """The project's root."""
    try:
        return data_path("benchmarks").parent
    except SpikeletError as error:
        raise SpikeletError(
            "this is counted by benchmarks/, which is in the project's checkout only: run it there"
        ) from error
