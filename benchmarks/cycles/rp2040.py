"""Runs calls of bare programs on rp2040js too, whose core counts cycles of its own: the model's error."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from benchmarks.cmsis_nn.layers import Layer
from benchmarks.cmsis_nn.ours import EmulatedLayers
from benchmarks.instructions.budget import Bare
from benchmarks.instructions.machine import MEMORIES, STOP, Machine
from benchmarks.instructions.workload import TICKS, digits, events_of, network

from spikelet.toolchain import cache_folder

__all__ = ["VERSION", "Measured", "folder", "measure", "measured", "missing"]

VERSION = "1.4.1"


def folder() -> Path:
    """Where rp2040js is looked for."""
    return cache_folder() / "rp2040js"


def missing() -> str:
    """Why rp2040js cannot run here, and what to do; empty: it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not _module().exists():
        return (
            f"rp2040js is not in {folder()}:"
            f' npm install --prefix "$(python -m benchmarks.cycles --folder)" rp2040js@{VERSION}'
        )
    return ""


def _module() -> Path:
    return folder() / "node_modules" / "rp2040js" / "dist" / "esm" / "index.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A program: instructions, cycles of rp2040js, and cycles of the model."""

    name: str
    instructions: int
    cycles: int
    modelled: int

    @property
    def error(self) -> float:
        """Of the model, relative."""
        return self.modelled / self.cycles - 1


def measure(machine: Machine, name: str, *arguments: int) -> Measured:
    """Call a function in Unicorn and on rp2040js, from the same state.

    Raises:
        ValueError: they do not leave the same memory, result and number of instructions.
    """
    machine.clear()
    machine.enter(name, *arguments)
    with TemporaryDirectory() as scratch:
        files = [Path(scratch) / f"{origin:x}" for origin, _ in MEMORIES]
        for file, (origin, length) in zip(files, MEMORIES, strict=True):
            file.write_bytes(machine.read(origin, length))
        theirs = _run(files, machine.registers())
        result = machine.call(name, *arguments)
        for file, (origin, length) in zip(files, MEMORIES, strict=True):
            if file.read_bytes() != machine.read(origin, length):
                raise ValueError(f"rp2040js leaves other bytes at {origin:#x} than Unicorn after {name}")
    instructions, modelled = sum(machine.counts().values()), sum(machine.cycles().values())
    if (theirs["r0"], theirs["instructions"]) != (result, instructions):
        raise ValueError(f"rp2040js gives {theirs} for {name}, Unicorn {result} after {instructions} instructions")
    return Measured(name=name, instructions=instructions, cycles=theirs["cycles"], modelled=modelled)


def _run(files: Sequence[Path], registers: Sequence[int]) -> dict[str, int]:
    """Run from these registers with these memories, whose files then hold what is left."""
    memories = ",".join(f"{origin}:{file}" for file, (origin, _) in zip(files, MEMORIES, strict=True))
    runner = Path(__file__).with_name("rp2040.mjs")
    values = ",".join(str(value) for value in registers)
    done = subprocess.run(
        ["node", runner, _module(), memories, values, str(STOP)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"rp2040js: {done.stderr.strip()}")
    found: dict[str, int] = json.loads(done.stdout)
    return found


class _Layers(EmulatedLayers):
    """Layers whose last call was measured."""

    def __init__(self) -> None:
        super().__init__("M0+", "gcc", count=True)
        self.seen: list[Measured] = []

    def call(self, function: str, memory: bytes, arguments: Sequence[int]) -> tuple[int, bytes]:
        """See Layers."""
        self.machine.write(self.base, memory)
        self.seen.append(measure(self.machine, function, *arguments))
        return int(function.startswith("spkl_check")), self.machine.read(self.base, len(memory))


def measured() -> Iterator[Measured]:
    """Programs of several kinds, built by gcc -O2: an image is opened, a spiking network, layers of int8."""
    bare = Bare("M0+", "gcc", network("zero"))
    yield replace(measure(bare.machine, "bare_start", *bare.opening), name="an image of 117 KB is opened")
    call = bare.place(events_of(digits("made up", 1)[0]), TICKS)
    yield replace(measure(bare.machine, *call), name="784-128-10 spiking network, a digit")
    rng = np.random.default_rng(3)
    for name, layer in _layers(rng):
        layers = _Layers()
        values = rng.integers(-128, 128, layer.in_shape)
        layers.run(layer, np.maximum(values, rng.integers(-128, 0, layer.in_shape)).astype(np.int8))
        yield replace(layers.seen[-1], name=name)


def _layers(rng: np.random.Generator) -> Iterator[tuple[str, Layer]]:
    """A pointwise, a depthwise and a fully connected layer."""
    size = {"in_height": 12, "in_width": 5, "out_height": 12, "out_width": 5}
    common = {"in_zero": -128, "out_zero": -128, "act_min": -128, "act_max": 127, "bits": 8}
    steps = dict.fromkeys(("stride_y", "stride_x", "dilation_y", "dilation_x"), 1)
    pointwise = {**size, **common, **steps, "in_channels": 32, "out_channels": 32, "kernel_y": 1, "kernel_x": 1}
    pointwise |= {"pad_y": 0, "pad_x": 0, "groups": 1}
    depthwise = {**pointwise, "kernel_y": 3, "kernel_x": 3, "pad_y": 1, "pad_x": 1, "groups": 32}
    dense = {**common, "rows": 1, "inputs": 128, "outputs": 64}
    channels = np.stack([rng.integers(-4000, 4000, 64), rng.integers(2**30, 2**31, 64), np.full(64, -8)], axis=1)
    scaled = channels.copy()
    scaled[:, 1:] = np.stack([rng.integers(2**60, 2**61, 64), np.full(64, 69)], axis=1)
    yield (
        "pointwise, 12 x 5 x 32 to 32",
        Layer(kind="conv", parameters=pointwise, weights=_weights(rng, 32, 1, 1, 32), channels=channels[:32]),
    )
    yield (
        "depthwise 3 x 3, 12 x 5 x 32",
        Layer(kind="depthwise", parameters=depthwise, weights=_weights(rng, 3, 3, 32), channels=channels[:32]),
    )
    yield (
        "fully connected, 128 to 64",
        Layer(kind="dense", parameters=dense, weights=_weights(rng, 64, 128), channels=scaled),
    )


def _weights(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-127, 128, shape)
