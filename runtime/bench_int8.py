"""CMSIS-NN and spikelet side by side on emulated cores: what benchmarks/cmsis_nn of a checkout counts.

The counting runs in a process of its own: Unicorn is GPL and is never imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spikelet import bench_child as child

__all__ = ["CORES", "Count", "Counts", "count"]

CORES = ("M4", "M33", "M3", "M0+", "M55")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Executed instructions and modelled cycles of a layer on a core.

    `peer` and `peer_cycles` are those of CMSIS-NN, 0 where it is not there. `zeros` is the share of inputs that are
    zero. `equal` tells whether spikelet's output is the reference interpreter's in every byte; with random inputs,
    CMSIS-NN's.
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
    peer_cycles: int
    ours_cycles: int
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
    head, *lines = child.count("benchmarks.cmsis_nn", words)
    layers = [
        Count(equal=line["ours_equal"], **{name: line[name] for name in Count.__slots__ if name != "equal"})
        for line in lines
    ]
    return Counts(layers=layers, **head)
