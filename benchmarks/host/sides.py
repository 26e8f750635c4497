"""The engine and plain C as libraries of their own, built by one compiler with one set of flags, called in C loops."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.plain.layout import layers_of

from spikelet._data import path as data_path
from spikelet.errors import SpikeletError
from spikelet.image import encode
from spikelet.model import Model

__all__ = ["FLAGS", "Found", "Side", "Work", "compiler", "engine", "plain"]

FLAGS = ("-std=c99", "-O2")
_HERE = Path(__file__).parent
_LINE = 64
_SETS = ("host", "packed", "ref")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Spikes of samples, tick by tick."""

    neurons: npt.NDArray[np.uint16]
    n_events: npt.NDArray[np.uint16]  #: shape (samples, ticks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Predictions and scores of samples, and the membranes that the last one left."""

    predictions: npt.NDArray[np.int32]
    scores: npt.NDArray[np.int32]
    membranes: Sequence[npt.NDArray[np.int32]]

    def equals(self, other: Found) -> bool:
        """In every number."""
        pairs = zip((self.predictions, self.scores, *self.membranes), other.all(), strict=True)
        return all(np.array_equal(a, b) for a, b in pairs)

    def all(self) -> Sequence[npt.NDArray[np.int32]]:
        """All arrays."""
        return (self.predictions, self.scores, *self.membranes)


class _Run(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("neurons", "n_events", "predictions", "scores")),
        ("samples", ctypes.c_uint32),
        ("ticks", ctypes.c_uint32),
    )


class Side:
    """A library with run_samples, and a model of two layers in it."""

    def __init__(self, library: Path, model: Model, memory: Sequence[npt.NDArray[np.uint8]] = ()) -> None:
        self.c = ctypes.CDLL(str(library))
        self._model, self._memory = model, memory

    def run(self, work: Work) -> Found:
        """All samples in one call."""
        samples, ticks = work.n_events.shape
        outputs = self._model.populations[-1].size
        predictions, scores = np.zeros(samples, np.int32), np.zeros((samples, outputs), np.int32)
        arrays = (work.neurons, work.n_events, predictions, scores)
        run = _Run(*(array.ctypes.data for array in arrays), samples, ticks)
        code = self.c.run_samples(ctypes.byref(run))
        if code != 0:
            raise SpikeletError(f"the engine ended a sample with {code}")
        return Found(predictions=predictions, scores=scores, membranes=[self._v(i) for i in range(2)])

    def _v(self, index: int) -> npt.NDArray[np.int32]:
        """Membranes with what is due at the start of the next tick done: sized.c resets at once."""
        population = self._model.populations[index]
        v = np.zeros(population.size, np.int32)
        if self.c.run_probe(index, ctypes.c_void_p(v.ctypes.data), ctypes.c_size_t(v.size)) != 0:
            raise SpikeletError("the engine gives no membranes")
        return np.where(v > population.parameters["fire_above"], 0, v).astype(np.int32)


def compiler() -> str:
    """The C compiler of this machine; empty: none."""
    return next((found for name in ("gcc", "cc", "clang") if (found := shutil.which(name))), "")


def plain(model: Model, folder: Path) -> Side:
    """sized.c with the model's numbers."""
    (folder / "sized_network.h").write_text(_header(model))
    sources = [_HERE / "sized.c", _HERE / "run_plain.c"]
    return Side(_build(folder / "plain.so", sources, [folder], ()), model)


def engine(model: Model, folder: Path, name: str, flags: Sequence[str] = ()) -> Side:
    """The engine with the model started; its image lies so that the first rows of weights begin at a cache line."""
    csrc = data_path("csrc")
    files = {file.stem: file for kernels in reversed(_SETS) for file in (csrc / "kernels" / kernels).glob("*.c")}
    sources = [*sorted((csrc / "engine").glob("*.c")), csrc / "kernels" / "all.c", *files.values()]
    includes = [csrc / "include", csrc / "engine"]
    library = _build(folder / f"{name}.so", [*sources, _HERE / "run_engine.c"], includes, flags)
    image = encode(model)
    rows = (model.projections[0].weights.astype(np.int16) + 128).astype(np.uint8)
    memory = [_aligned(len(image), image.find(rows.tobytes())), _aligned(1 << 20, 0)]
    memory[0][:] = np.frombuffer(image, np.uint8)
    side = Side(library, model, memory)
    words = [word for array in memory for word in (ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.size))]
    code = side.c.run_start(*words)
    if code != 0:
        raise SpikeletError(f"the engine refuses the model: {code}")
    return side


def _aligned(size: int, offset: int) -> npt.NDArray[np.uint8]:
    """Zeros, of which that at `offset` begins a cache line."""
    room = np.zeros(size + _LINE, np.uint8)
    first = -(room.ctypes.data + offset) % _LINE
    return room[first : first + size]


def _build(target: Path, sources: Sequence[Path], includes: Sequence[Path], flags: Sequence[str]) -> Path:
    words: list[Any] = [compiler(), *FLAGS, *flags, "-fPIC", "-shared"]
    words += [*(f"-I{folder}" for folder in (*includes, _HERE)), *sources, "-o", target]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SpikeletError(f"{target.name} was not compiled: {done.stderr.strip()}")
    return target


def _header(model: Model) -> str:
    """sized_network.h: sizes and constants."""
    lines = [f"#define PLAIN_INPUTS {model.inputs[0].size}"]
    for name, layer in zip(("hidden", "output"), layers_of(model), strict=True):
        upper = name.upper()
        lines += [
            f"#define PLAIN_{upper}{'S' if name == 'output' else ''} {layer.n_out}",
            f"#define PLAIN_UNIT_{upper} {layer.unit}",
            f"#define PLAIN_DECAY_{upper} {layer.decay}",
            _array("int8_t", f"plain_weights_{name}", layer.weights),
            _array("int32_t", f"plain_bias_{name}", layer.bias),
            _array("int32_t", f"plain_fire_above_{name}", layer.fire_above),
        ]
    return "\n".join(lines) + "\n"


def _array(kind: str, name: str, values: npt.NDArray[Any]) -> str:
    sizes = "".join(f"[{n}]" for n in values.shape)
    rows = [", ".join(map(str, row)) for row in np.atleast_2d(values).tolist()]
    inside = ",\n".join(f"{{{row}}}" for row in rows) if values.ndim > 1 else rows[0]
    return f"static const {kind} {name}{sizes} = {{{inside}}};"
