"""CMSIS-NN and spikelet side by side on emulated cores: what benchmarks/cmsis_nn of a checkout counts.

The counting runs in a process of its own: Unicorn is GPL and is never imported here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spikelet._data import path as data_path
from spikelet.errors import SpikeletError

__all__ = ["CORES", "Count", "Counts", "count"]

CORES = ("M4", "M33", "M3", "M0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Executed instructions of a layer on a core.

    `peer` are those of CMSIS-NN, 0 where it is not there. `zeros` is the share of inputs that are zero. `equal` tells
    whether spikelet's output is the reference interpreter's in every byte; with random inputs, CMSIS-NN's.
    """

    model: str
    core: str
    input: str
    index: int
    name: str
    macs: int
    zeros: float
    peer: int
    ours: int
    equal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """All layers, and what they were counted with."""

    peer: str
    reference: str
    compiler: str
    flags: str
    layers: Sequence[Count]

    @property
    def missing(self) -> str:
        """Why CMSIS-NN was not counted; empty: it was."""
        return self.peer.partition("none: ")[2]


def count(
    models: Sequence[Path],
    cores: Sequence[str],
    *,
    inputs: Path | None = None,
    optimise: str = "2",
    zeros: float | None = None,
) -> Counts:
    """Count every convolution, depthwise and fully connected layer of int8 files.

    Args:
        models: .tflite files; none: those of the folder with test data.
        cores: of CORES; none: all.
        inputs: an .npz with real inputs; None: that of the test data.
        optimise: "2", "3" or "s", of both sides.
        zeros: random inputs with this share of zeros, instead of real ones.

    Raises:
        SpikeletError: not a checkout of the project, or the compiler, emulator or interpreter is missing.
    """
    words = ["--json", "--optimise", optimise]
    words += [word for model in models for word in ("--model", str(model.resolve()))]
    words += [word for core in cores for word in ("--core", core)]
    words += ["--inputs", str(inputs.resolve())] if inputs else []
    words += ["--zeros", str(zeros)] if zeros is not None else []
    root = _checkout()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.cmsis_nn", *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise SpikeletError(f"benchmarks.cmsis_nn: {said[-1]}")
    head, *lines = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    layers = [
        Count(equal=line["ours_equal"], **{name: line[name] for name in Count.__slots__ if name != "equal"})
        for line in lines
    ]
    return Counts(layers=layers, **head)


def _checkout() -> Path:
    """The project's root."""
    try:
        return data_path("benchmarks").parent
    except SpikeletError as error:
        raise SpikeletError(
            "int8 layers are counted by benchmarks/cmsis_nn, which is in the project's checkout only: run it there"
        ) from error
